import type { OnDependencyFailure, Orchestrator, Released, ReleaseOutcome, TaskStatus } from '@agent-orchestrator/core';
import { DEPENDENCY_POLICIES, isVerdict, lateVerdict, RELEASE_OUTCOMES, type Names } from '@agent-orchestrator/runtime';
import { Option } from 'commander';
import type { Call } from '../call.ts';
import { usage } from '../failure.ts';
import { readJson } from '../input/content.ts';
import { addHolderOptions, holderOf, type Holder, type HolderOptions } from '../input/holder.ts';
import { leaseRequest, type LeaseOptions } from '../input/lease.ts';
import { collect, parseDuration } from '../input/parse.ts';
import { PASSPHRASE_FILE, type PassphraseOptions } from '../input/passphrase.ts';
import type { Answer } from '../output/output.ts';
import { state, type Paint } from '../output/style.ts';
import { moment, relative } from '../output/time.ts';
import type { Define } from '../command-module.ts';
import { leaseRefused } from '../refusals.ts';
import { signatureOf } from '../signer.ts';
import { forgetInTerminal, leaveInTerminal } from '../terminal.ts';
import { claimCard, nextSteps } from '../views/claim.ts';
import { noteText } from '../views/hand-off.ts';

interface ReleaseOptions extends HolderOptions, LeaseOptions, PassphraseOptions {
  readonly outcome: ReleaseOutcome;
  readonly result?: string;
  readonly error?: string;
  readonly errorCode?: string;
  readonly final?: true;
  readonly ask?: string;
  readonly on?: string[];
  readonly onDependencyFailure?: OnDependencyFailure;
  readonly to?: string;
  readonly toRole?: string;
  readonly by?: number;
  readonly note?: string;
  readonly claimNext?: true;
}

const define: Define = (program, run) => {
  addHolderOptions(program.command('release'))
    .description('end the lease and report the outcome of the task')
    .addOption(
      new Option('--outcome <outcome>', 'the outcome of the task').choices(RELEASE_OUTCOMES).makeOptionMandatory(),
    )
    .option('--result <json>', 'result of a task that succeeded: JSON, @FILE or -')
    .option('--error <message>', 'why the attempt failed or was cancelled')
    .option('--error-code <code>', 'the error code, for programs')
    .option('--final', 'do not retry; mark the task as failed')
    .option('--ask <text>', 'the question that the task waits for, with the outcome waiting')
    .option('--on <task>', 'with waiting: a task that must end before the work continues (repeatable)', collect)
    .addOption(
      new Option('--on-dependency-failure <policy>', 'if one of them does not succeed (default: block)').choices(
        DEPENDENCY_POLICIES,
      ),
    )
    .option('--to <agent>', 'hand off to this agent, or ask it')
    .option('--to-role <role>', 'hand off to agents with this role, or ask them')
    .option('--by <duration>', 'hand-off: take the task back if not claimed in time (default: never)', parseDuration)
    .option('--note <text>', 'note for the next holder; of a review, what to change')
    .option(...PASSPHRASE_FILE)
    .option('--claim-next', 'take the next task in the same transaction')
    .option('--kind <name>', 'with --claim-next: only tasks of this kind (repeatable)', collect)
    .option('--role <name>', 'with --claim-next: a role of the agent (repeatable)', collect)
    .option(
      '--ttl <duration>',
      'with --claim-next: TTL of the next lease (default: 120s, see `config list`)',
      parseDuration,
    )
    .option('--stale-after <duration>', 'with --claim-next: silence before recovery (default: 60s)', parseDuration)
    .action(run<ReleaseOptions>(release));
};

export default define;

async function release(call: Call<ReleaseOptions>): Promise<Answer> {
  const command = call.options.claimNext ? call.grantingCommand : call.command;
  const request = { ...(await holderOf(call)), ...command, ...(await requestOf(call)) };
  await call.check('releaseTask', request);
  await using orchestrator = await call.openForAsOf('existing');
  const asOf = await orchestrator.asOf();
  const { outcome } = request;
  const signature = isVerdict(outcome) ? await signatureOf(call, orchestrator, { ...request, outcome }) : null;
  const reply = await orchestrator.releaseTask({ ...request, ...(signature !== null && { signature }) });
  if (!reply.ok) throw leaseRefused(reply, request);
  await forgetInTerminal(request);
  const { next } = reply;
  const steps = next === null ? CLAIM_NEXT : nextSteps(next, await leaveInTerminal(call, next));
  const mentioned = [reply.sessionId, next?.lease.sessionId ?? null];
  const names = await call.names(orchestrator, { sessions: mentioned });
  const now = await orchestrator.now();
  const { ok: _, ...released } = reply;
  return {
    kind: 'release',
    data: released,
    asOf,
    ids: [next === null ? reply.taskId : next.task.id],
    text: (paint) => lines(reply, request, names, now, paint),
    chatter: [...waitingFor(reply.status, request), ...steps.chatter],
    needed: steps.needed,
  };
}

const CLAIM_NEXT = { chatter: ['next: orchestrator claim'], needed: [] };

/** To whom, for how long, and what the next holder is told. */
function handOffLines({ outcome, to, byMs, note }: ReleaseRequest, now: number): string[] {
  if (outcome !== 'handed_off' || to === undefined) return [];
  const receiver = 'agent' in to ? to.agent : `role ${to.role}`;
  const back = byMs === undefined ? '' : `, goes back ${relative(now + byMs, now)} if it is not claimed`;
  return [`  handed off to ${receiver}${back}${noteText(note ?? null)}`];
}

/** What queues the task again. */
function waitingFor(status: TaskStatus, { ask, on }: Pick<ReleaseRequest, 'ask' | 'on'>): string[] {
  if (status !== 'waiting') return [];
  return [
    ...(ask === undefined ? [] : ['the task is queued again when its question is answered: orchestrator ask list']),
    ...(on === undefined
      ? []
      : ['the task is queued again when those it waits for have ended: orchestrator task graph']),
  ];
}

type ReleaseRequest = Parameters<Orchestrator['releaseTask']>[0];

/** The options that need `--claim-next`. */
const OF_NEXT = ['kind', 'role', 'ttl', 'staleAfter'] as const;

async function requestOf(call: Call<ReleaseOptions>): Promise<Omit<ReleaseRequest, keyof Holder>> {
  const { outcome, result, error, errorCode, final, ask, on, to, toRole, by, note, claimNext } = call.options;
  const { onDependencyFailure } = call.options;
  if (to !== undefined && toRole !== undefined)
    throw usage('--to and --to-role cannot be given together.', 'Name an agent or a role.', 'to');
  if (errorCode !== undefined && error === undefined)
    throw usage('--error-code needs --error.', 'Also describe the error for people.', 'error');
  const stray = claimNext ? undefined : OF_NEXT.find((name) => call.options[name] !== undefined);
  if (stray !== undefined)
    throw usage(
      `--${stray === 'staleAfter' ? 'stale-after' : stray} is for the next task.`,
      'Give it together with --claim-next.',
      stray,
    );
  const recipient = toRole === undefined ? to !== undefined && { agent: to } : { role: toRole };
  return {
    outcome,
    ...(result !== undefined && { result: await readJson('--result', result) }),
    ...(error !== undefined && { error: { message: error, ...(errorCode !== undefined && { code: errorCode }) } }),
    ...(final && { final }),
    ...(ask === undefined
      ? recipient && { to: recipient }
      : { ask: { question: ask, ...(recipient && { to: recipient }) } }),
    ...(on !== undefined && { on }),
    ...(onDependencyFailure !== undefined && { onDependencyFailure }),
    ...(by !== undefined && { byMs: by }),
    ...(note !== undefined && { note }),
    ...(claimNext && {
      claimNext: { agent: (await call.requireAgent()).agent, ...leaseRequest(call.options) },
    }),
  };
}

function lines(
  { sessionId, status, runAt, repeated, otherTerms, next }: Extract<Released, { ok: true }>,
  request: ReleaseRequest,
  names: Names,
  now: number,
  paint: Paint,
): string[] {
  const again = runAt === null ? '' : `; tried again ${moment(runAt, now)}`;
  const stands = otherTerms ? ', with other terms: those of the first release stand' : '';
  const late = lateVerdict(request.outcome, status);
  const before = repeated ? ` (this lease was released before${stands})` : '';
  return [
    `${state(status, paint)}  session ${names.session(sessionId)} is free${again}${before}`,
    ...(late === null ? [] : [`  ${late}`]),
    ...(status === 'queued' && !otherTerms ? handOffLines(request, now) : []),
    ...(next === null ? [] : claimCard(next, names, now, paint)),
  ];
}
