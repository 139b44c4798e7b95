import type { Call } from '../../call.ts';
import type { Define } from '../../command-module.ts';
import { Failure } from '../../failure.ts';
import type { HostName } from '../../hosts/host.ts';
import type { UninstallPlan } from '../../hosts/uninstall.ts';
import { agrees } from '../../input/consent.ts';
import { DRY_RUN, hostArgument, scopeOption, YES, type HostOptions } from '../../input/host-words.ts';
import type { Answer } from '../../output/output.ts';
import { OUTCOMES, undoneLine, uninstallPlanLines } from '../../views/host.ts';

export const defineUninstall: Define = (parent, run) => {
  parent
    .command('uninstall')
    .description(
      'take back `mcp install`: restore the files byte for byte; if they changed since, remove only what is ours',
    )
    .addArgument(hostArgument())
    .addOption(scopeOption())
    .option(...DRY_RUN)
    .option(...YES)
    .action(run<HostOptions, [HostName]>(uninstall, { configured: false }));
};

async function uninstall(call: Call<HostOptions>, name: HostName): Promise<Answer> {
  const { planUninstall, applyUninstall, placeHere } = await import('../../hosts/installation.ts');
  const { scope, dryRun = false, yes = false } = call.options;
  const place = placeHere(false);
  const plan = await planUninstall(name, scope, place);
  if (plan.how === 'nothing') return answerOf(plan, 'absent');
  if (dryRun) return answerOf(plan, 'planned');
  if (!yes) {
    for (const line of uninstallPlanLines(plan, call.output.paint)) call.output.chatter(line);
    if (!(await agrees(call.output, 'Apply this change?', false)))
      throw new Failure('DECLINED', `You said no. ${plan.host.title} is as it was.`);
  }
  const done = await applyUninstall(plan, place);
  return answerOf(done, OUTCOMES[done.how]);
}

function answerOf(plan: UninstallPlan, outcome: 'absent' | 'planned' | 'restored' | 'removed'): Answer {
  const { host, scope, how, commands, files } = plan;
  return {
    kind: 'host_removal',
    data: {
      host: host.name,
      scope,
      outcome,
      restores: how === 'restore',
      commands: commands.map((words) => [host.executable, ...words]),
      files,
    },
    ids: [host.name],
    text: (paint) => (outcome === 'planned' ? uninstallPlanLines(plan, paint) : [undoneLine(host, outcome)]),
    chatter: outcome === 'planned' ? ['nothing was changed'] : [],
  };
}
