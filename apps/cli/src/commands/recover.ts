import type { Orchestrator, Recovered } from '@agent-orchestrator/core';
import { Option } from 'commander';
import type { Call } from '../call.ts';
import { Changes, type Names } from '@agent-orchestrator/runtime';
import { interruptionOfPrinter } from '../interruption.ts';
import { usage } from '../failure.ts';
import { keepTrying } from '../keep-trying.ts';
import type { Answer } from '../output/output.ts';
import type { Paint } from '../output/style.ts';
import { duration } from '../output/time.ts';
import type { Define } from '../command-module.ts';
import { LIST_DEAD_LETTERS } from '../views/dead-letters.ts';

interface RecoverOptions {
  readonly watch?: true;
  readonly jsonl?: true;
}

const define: Define = (program, run) => {
  program
    .command('recover')
    .description(
      'end the leases of stale holders and queue their tasks again; on Linux also of dead holders on this machine\n\n' +
        'With --json, `more` in `meta` says whether sessions are left that another process has locked.',
    )
    .option('--watch', 'repeat until interrupted')
    .addOption(new Option('--jsonl', 'one JSON document per line'))
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
    throw usage('--command-id names one command, but --watch sends many.', 'Omit one of them.', 'commandId');
  const interrupted = interruptionOfPrinter();
  await using orchestrator = await call.open('existing');
  await using changes = await Changes.of(orchestrator);
  if (call.output.format === 'text') call.output.chatter('recovering stale sessions; interrupt to end');
  await keepTrying(call.output, interrupted, async () => {
    const answer = await recoverAll(call, orchestrator);
    if (answer.ids.length > 0) call.output.answer(answer);
    await call.output.room(interrupted);
    await changes.wait(undefined, interrupted);
  });
  return null;
}

async function recoverAll(call: Call<RecoverOptions>, orchestrator: Orchestrator): Promise<Answer> {
  const { agent, instance } = call.options;
  const by = { ...(agent !== undefined && { agent }), ...(instance !== undefined && { instance }) };
  const asOf = await orchestrator.asOf();
  const recovered: Recovered[] = [];
  const { findDeadHolders } = await import('@agent-orchestrator/runtime');
  const evidence = [...(await findDeadHolders(orchestrator))];
  let isLocked = false;
  for (let more = true, command: object = call.command; more && !isLocked; command = {}) {
    const reply = await orchestrator.staleRecovery({ ...by, ...command, evidence });
    recovered.push(...reply.recovered);
    more = reply.more;
    isLocked = more && reply.recovered.length === 0;
  }
  const names = await call.names(orchestrator, {
    tasks: recovered.map(({ taskId }) => taskId),
    sessions: recovered.map(({ sessionId }) => sessionId),
  });
  return {
    kind: 'recovered',
    data: recovered,
    asOf,
    meta: { more: isLocked },
    ids: recovered.map(({ sessionId }) => sessionId),
    text: (paint) =>
      recovered.length === 0
        ? [isLocked ? 'nothing was recovered' : 'no session is stale, and no holder is proved dead']
        : recovered.map((one) => line(one, names, paint)),
    chatter: [
      ...(recovered.some(({ outcome }) => outcome === 'dead_lettered')
        ? [`dead letters wait for the operator: ${LIST_DEAD_LETTERS}`]
        : []),
      ...(isLocked ? ['sessions are left that another process has locked: run the command again'] : []),
    ],
  };
}

const OUTCOMES = {
  requeued: 'queued again',
  dead_lettered: 'a dead letter: the limit of interruptions is reached',
  cancelled: 'cancelled, as requested',
} as const;

function line(one: Recovered, names: Names, paint: Paint): string {
  const { sessionId, taskId, from, outcome } = one;
  const what = `session ${names.session(sessionId)}  task ${names.task(taskId)}`;
  return `${paint('magenta', '↻ recovered')}  ${what}  from ${from.agent} (${whyOf(one)}): ${OUTCOMES[outcome]}`;
}

function whyOf({ reason, heartbeatAt, expiresAt, staleAt }: Recovered): string {
  return reason === 'dead'
    ? 'its process and all processes that it started are gone'
    : `last heartbeat ${duration(staleAt - heartbeatAt)} before stale, lease ${duration(expiresAt - heartbeatAt)}`;
}
