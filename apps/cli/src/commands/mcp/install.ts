import { shellWord } from '@agent-orchestrator/runtime';
import type { Call } from '../../call.ts';
import type { Define } from '../../command-module.ts';
import { Failure } from '../../failure.ts';
import type { HostName, Verdict } from '../../hosts/host.ts';
import type { InstallPlan } from '../../hosts/install.ts';
import { agentOfFlag } from '../../input/agent-flag.ts';
import { agrees } from '../../input/consent.ts';
import { DRY_RUN, hostArgument, scopeOption, YES, type HostOptions } from '../../input/host-words.ts';
import type { Answer } from '../../output/output.ts';
import { tellWait } from '../../output/tell-wait.ts';
import { grantLines, installedLine, installPlanLines } from '../../views/host.ts';

interface InstallOptions extends HostOptions {
  readonly plugin?: true;
}

export const defineInstall: Define = (parent, run) => {
  parent
    .command('install')
    .description(
      "set up an agent host: show the change, ask, run the host's own commands, and ask the host whether it works\n\n" +
        'The files that change are kept, and `mcp uninstall` restores them. --agent names the agent of this host.',
    )
    .addArgument(hostArgument())
    .addOption(scopeOption())
    .option('--plugin', 'install the plugin: the tools, hooks and a skill')
    .option(...DRY_RUN)
    .option(...YES)
    .action(run<InstallOptions, [HostName]>(install));
};

async function install(call: Call<InstallOptions>, name: HostName): Promise<Answer> {
  const { planInstall, applyInstall, grantsOf, placeHere } = await import('../../hosts/installation.ts');
  const { scope, plugin = false, dryRun = false, yes = false } = call.options;
  const place = placeHere(call.output.canAsk);
  const request = { host: name, scope, plugin, agent: agentOfFlag(call), settings: call.settings };
  const plan = await planInstall(request, place);
  if (dryRun) return planned(plan);
  if (plan.found !== 'same' && !yes) {
    for (const line of installPlanLines(plan, call.output.paint)) call.output.chatter(line);
    if (!(await agrees(call.output, 'Apply this change?', false)))
      throw new Failure('DECLINED', `You said no. ${plan.host.title} is as it was.`);
  }
  tellWait(call.output, plan.host);
  const verdict = await applyInstall(plan, place);
  return installed(plan, verdict, await grantsOf(plan, place));
}

/** What programs get of a plan. */
function dataOf({ host, scope, program, server, commands, files }: InstallPlan) {
  return {
    host: host.name,
    scope,
    program,
    plugin: server === null,
    server,
    commands: commands.map((words) => [host.executable, ...words]),
    files: files.map(({ path }) => path),
  };
}

function planned(plan: InstallPlan): Answer {
  const outcome = plan.found === 'same' ? 'unchanged' : 'planned';
  return {
    kind: 'host_installation',
    data: { ...dataOf(plan), outcome, verified: null, said: null, grants: [] },
    ids: [plan.host.name],
    text: (paint) => installPlanLines(plan, paint),
    chatter: [outcome === 'planned' ? 'nothing was changed' : 'it is installed already'],
  };
}

function installed(plan: InstallPlan, verdict: Verdict, grants: readonly string[]): Answer {
  const { host, found } = plan;
  return {
    kind: 'host_installation',
    data: { ...dataOf(plan), outcome: found === 'same' ? 'unchanged' : 'installed', ...verdict, grants },
    ids: [host.name],
    text: (paint) => [installedLine(plan, verdict, paint), ...grantLines(host, grants)],
    chatter: verdict.verified
      ? []
      : [`after you have done that, look again: orchestrator mcp install ${hostWords(plan)}`],
    exit: verdict.verified ? 0 : 1,
  };
}

function hostWords({ host, scope, server }: InstallPlan): string {
  return `${shellWord(host.name)} --scope ${shellWord(scope)}${server === null ? ' --plugin' : ''}`;
}
