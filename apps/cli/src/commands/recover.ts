import type { Orchestrator, Recovered } from '@agent-orchestrator/core';
import { Option } from 'commander';
import type { Call } from '../call.ts';
import { Changes, interruption } from '../changes.ts';
import { usage } from '../failure.ts';
import { keepTrying } from '../keep-trying.ts';
import type { Answer } from '../output/output.ts';
import type { Paint } from '../output/style.ts';
import { duration } from '../output/time.ts';
import type { Define } from '../program.ts';

interface RecoverOptions {
  readonly watch?: true;
  readonly jsonl?: true;
}

const define: Define = (program, run) => {
  program
    .command('recover')
    .description('close the leases of dead holders and queue again what they held')
    .option('--watch', 'go on until interrupted')
    .addOption(new Option('--jsonl', 'one document per line, as they come'))
    .action(run<RecoverOptions>((call) => (call.options.watch ? watch(call) : once(call))));
};

export default define;

async function once(call: Call<RecoverOptions>): Promise<Answer> {
  await using orchestrator = await call.open('existing');
  return await recoverAll(call, orchestrator);
}

async function watch(call: Call<RecoverOptions>): Promise<null> {
  call.refuseJsonWith('--watch');
  if (call.options.commandId !== undefined)
    throw usage('--command-id names one command, and --watch sends many.', 'Leave one of the two out.', 'commandId');
  const interrupted = interruption();
  await using orchestrator = await call.open('existing');
  await using changes = await Changes.of(orchestrator);
  if (call.output.format === 'text') call.output.chatter('recovering what goes stale; interrupt to end');
  await keepTrying(call.output, interrupted, async () => {
    const answer = await recoverAll(call, orchestrator);
    if (answer.ids.length > 0) call.output.answer(answer);
    await changes.wait(undefined, interrupted);
  });
  return null;
}

async function recoverAll(call: Call<RecoverOptions>, orchestrator: Orchestrator): Promise<Answer> {
  const { agent, instance } = call.options;
  const by = { ...(agent !== undefined && { agent }), ...(instance !== undefined && { instance }) };
  const asOf = await orchestrator.asOf();
  const recovered: Recovered[] = [];
  for (let more = true, command = call.command; more; command = {}) {
    const reply = await orchestrator.staleRecovery({ ...by, ...command });
    recovered.push(...reply.recovered);
    more = reply.more;
  }
  return {
    kind: 'recovered',
    data: recovered,
    asOf,
    ids: recovered.map(({ sessionId }) => sessionId),
    text: (paint) => (recovered.length === 0 ? ['nothing was stale'] : recovered.map((one) => line(one, paint))),
    chatter: recovered.some(({ outcome }) => outcome === 'dead_lettered')
      ? ['dead letters wait for a person: orchestrator task list --status failed']
      : [],
  };
}

const OUTCOMES = {
  requeued: 'queued again',
  dead_lettered: 'a dead letter: no interruption was left',
  cancelled: 'cancelled, as was asked',
} as const;

function line({ sessionId, taskId, from, outcome, heartbeatAt, expiresAt, staleAt }: Recovered, paint: Paint): string {
  const evidence = `last heartbeat ${duration(staleAt - heartbeatAt)} before it was stale, lease ${duration(expiresAt - heartbeatAt)}`;
  return `${paint('magenta', '↻ recovered')}  session ${sessionId}  task ${taskId}  from ${from.agent} (${evidence}): ${OUTCOMES[outcome]}`;
}
