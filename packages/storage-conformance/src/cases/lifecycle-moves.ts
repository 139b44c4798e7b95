import { LIMITS, type CommandName, type TaskStatus } from '@agent-orchestrator/core';
import { AGENT, claimCall, inventedToken, OTHER_AGENT, TTL_MS } from '../factories.ts';
import type { World } from '../world.ts';

/** The task of a case, the session it is in, and the last lease it was under, if any. */
export interface Subject {
  readonly taskId: string;
  readonly sessionId: string;
  readonly token: string;
}

/** How to bring about what a row of the table starts from, and the call that makes it happen. */
export interface Move {
  readonly given: (world: World) => Promise<Subject>;
  readonly when: (world: World, subject: Subject) => Promise<unknown>;
}

const NO_TOKEN = inventedToken(1);
const NAMED = 'branch';

export const NOTHING: Subject = { taskId: 'new', sessionId: NAMED, token: NO_TOKEN };

async function added(world: World, task: Parameters<World['add']>[0] = {}): Promise<Subject> {
  const { id, sessionId } = await world.add(task);
  return { taskId: id, sessionId, token: NO_TOKEN };
}

async function claimedNew(world: World, task: Parameters<World['add']>[0] = {}): Promise<Subject> {
  const { task: running, lease } = await world.claimNew(task);
  return { taskId: running.id, sessionId: lease.sessionId, token: lease.token };
}

/**
 * A lease whose holder is silent, on a task that only that agent may claim: another agent that takes it over gets
 * nothing.
 */
async function silent(world: World, task: Parameters<World['add']>[0] = {}): Promise<Subject> {
  const subject = await claimedNew(world, { assignee: AGENT, ...task });
  world.clock.advance(TTL_MS);
  return subject;
}

async function silentToBeCancelled(world: World): Promise<Subject> {
  const subject = await silent(world);
  await world.orchestrator.cancelTask({ taskId: subject.taskId });
  return subject;
}

type TaskEnd = Omit<Parameters<World['orchestrator']['releaseTask']>[0], 'token'>;

const released = (world: World, { token }: Subject, end: TaskEnd) => world.orchestrator.releaseTask({ token, ...end });

const release = (end: TaskEnd, task: Parameters<World['add']>[0] = {}): Move => ({
  given: (world) => claimedNew(world, task),
  when: (world, subject) => released(world, subject, end),
});

async function ended(world: World, end: TaskEnd): Promise<Subject> {
  const subject = await claimedNew(world);
  await released(world, subject, end);
  return subject;
}

/** A task that its holder handed off for so long, to an agent that does not claim it. */
async function handedOffFor(world: World, byMs: number): Promise<Subject> {
  const subject = await claimedNew(world);
  await released(world, subject, { outcome: 'handed_off', to: { agent: 'third-agent' }, byMs });
  return subject;
}

async function cancelled(world: World): Promise<Subject> {
  const subject = await added(world);
  await world.orchestrator.cancelTask({ taskId: subject.taskId });
  return subject;
}

/** A task that depends on others, under a policy; these come first. */
async function blockedBy(world: World, ids: readonly string[], task: Parameters<World['add']>[0] = {}) {
  for (const id of ids) await world.add({ id, assignee: AGENT });
  return added(world, { dependsOn: ids.slice(), assignee: OTHER_AGENT, ...task });
}

/** Ends a task on which another depends. */
async function endDependency(world: World, sessionId: string, end: TaskEnd) {
  return world.release(await world.claim({ sessionId }), end);
}

const blocked = async (world: World) => added(world, { dependsOn: [(await cancelled(world)).taskId] });
const blockedToBeCancelled: Parameters<World['add']>[0] = { dependsOn: ['other'], onDependencyFailure: 'cancel' };
const otherCancelled = async (world: World): Promise<Subject> => {
  await world.add({ id: 'other' });
  await world.orchestrator.cancelTask({ taskId: 'other' });
  return { taskId: 'new', sessionId: 'new', token: NO_TOKEN };
};

const recover = (world: World) => world.rival.staleRecovery();
const claimAny = (world: World) => world.rival.claimTask(claimCall({ agent: OTHER_AGENT }));
const claimIt = (world: World, { sessionId }: Subject) =>
  world.rival.claimTask(claimCall({ agent: OTHER_AGENT, sessionId }));
const cancel = (world: World, { taskId }: Subject) => world.rival.cancelTask({ taskId });
const retry = (world: World, { taskId }: Subject) => world.rival.retryTask({ taskId });
const close = (world: World, { sessionId }: Subject) => world.rival.closeSession({ sessionId, cancelTasks: true });
const checkpoint = (world: World, { token }: Subject) => world.orchestrator.checkpoint({ token });

const dead = (world: World) => ended(world, { outcome: 'failed', final: true });
const ask: TaskEnd = { outcome: 'waiting', ask: { question: 'which?' } };
const waiting = (world: World) => ended(world, ask);
const answer = (world: World, { taskId }: Subject) => world.rival.answerTask({ taskId, answer: 'that one' });

/** Another task, which the holder waits for. */
const waits: TaskEnd = { outcome: 'waiting', on: ['other'] };
const heldBeforeOther = async (world: World): Promise<Subject> => {
  await world.add({ id: 'other', assignee: AGENT });
  return claimedNew(world);
};
const heldAfterOther =
  (end: TaskEnd) =>
  async (world: World): Promise<Subject> => {
    await world.add({ id: 'other' });
    await endDependency(world, 'other', end);
    return claimedNew(world);
  };
const waitForOther = (world: World, subject: Subject) => released(world, subject, waits);
const waitingForOther =
  (more: Partial<TaskEnd> = {}) =>
  async (world: World): Promise<Subject> => {
    const subject = await heldBeforeOther(world);
    await released(world, subject, { ...waits, ...more });
    return subject;
  };
const waitingForBoth = waitingForOther({ ask: { question: 'which?' } });
const later = { delayMs: 60_000 };
const error = { message: 'no' };

const REVIEWERS = { role: 'reviewer', approvals: 1 };

async function inReview(world: World, approvals = 1): Promise<Subject> {
  const subject = await claimedNew(world, { review: { ...REVIEWERS, approvals } });
  await released(world, subject, { outcome: 'succeeded' });
  return subject;
}

/** A reviewer claims a review of the only task that is in review, and gives its verdict. */
async function judge(world: World, end: TaskEnd): Promise<unknown> {
  const claimed = await world.rival.claimTask(claimCall({ agent: OTHER_AGENT, roles: [REVIEWERS.role] }));
  if (!claimed.ok) return claimed;
  const reply = await world.rival.releaseTask({ token: claimed.lease.token, ...end });
  const reviewed = await world.rival.listTasks({ kind: 'task' });
  return { ...reply, status: reviewed.items[0]?.status };
}

/** The same in the last round. */
async function inLastRound(world: World): Promise<Subject> {
  let subject = await inReview(world);
  for (let round = 1; round < LIMITS.review_rounds_max; round += 1) {
    await judge(world, { outcome: 'changes_requested', note: 'again' });
    const claimed = await world.claim({ sessionId: subject.sessionId });
    subject = { ...subject, token: claimed.lease.token };
    await released(world, subject, { outcome: 'succeeded' });
  }
  return subject;
}

const approve = (world: World) => judge(world, { outcome: 'approved' });
const askForChanges = (world: World) => judge(world, { outcome: 'changes_requested', note: 'name it' });

/** One for each row of TASK_TRANSITIONS. */
export const TASK_MOVES: Readonly<Record<string, Move>> = {
  'nothing → queued by enqueue (task.queued)': {
    given: async () => NOTHING,
    when: (world) => world.orchestrator.enqueueTask({ id: 'new' }),
  },
  'nothing → scheduled by enqueue (task.queued)': {
    given: async () => NOTHING,
    when: (world) => world.orchestrator.enqueueTask({ id: 'new', ...later }),
  },
  'scheduled → queued by time (no event)': {
    given: (world) => added(world, { ...later, assignee: AGENT }),
    async when(world, subject) {
      world.clock.advance(later.delayMs);
      await claimIt(world, subject);
    },
  },
  'scheduled → scheduled by time (task.rescheduled)': {
    async given(world) {
      world.clock.setWall(later.delayMs);
      const subject = await added(world, { ...later, assignee: AGENT });
      world.clock.setWall(-later.delayMs);
      return subject;
    },
    when: claimIt,
  },
  'queued → running by claim (task.claimed)': { given: added, when: claimIt },
  'queued → queued by time (task.handed_back)': {
    async given(world) {
      const subject = await handedOffFor(world, later.delayMs);
      world.clock.advance(later.delayMs);
      return subject;
    },
    when: claimIt,
  },
  'queued → queued by time (task.return_rescheduled)': {
    async given(world) {
      world.clock.setWall(later.delayMs);
      const subject = await handedOffFor(world, later.delayMs);
      world.clock.setWall(-later.delayMs);
      return subject;
    },
    when: claimIt,
  },
  'running → running by checkpoint (session.checkpointed)': { given: claimedNew, when: checkpoint },
  'running → succeeded by release (task.succeeded)': release({ outcome: 'succeeded' }),
  'running → in_review by release (task.review_requested)': release({ outcome: 'succeeded' }, { review: REVIEWERS }),
  'in_review → in_review by release (task.approved)': { given: (world) => inReview(world, 2), when: approve },
  'in_review → succeeded by release (task.approved)': { given: inReview, when: approve },
  'in_review → queued by release (task.changes_requested)': { given: inReview, when: askForChanges },
  'in_review → failed by release (task.changes_requested)': { given: inLastRound, when: askForChanges },
  'in_review → cancelled by cancel (task.cancelled)': { given: inReview, when: cancel },
  'in_review → cancelled by close (task.cancelled)': { given: inReview, when: close },
  'running → scheduled by release (task.failed)': release({ outcome: 'failed', error }),
  'running → failed by release (task.failed)': release({ outcome: 'failed', error }, { attemptsMax: 1 }),
  'running → queued by release (task.released)': release({ outcome: 'released' }),
  'running → queued by release (task.handed_off)': release({ outcome: 'handed_off', to: { role: 'reviewer' } }),
  'running → cancelled by release (task.cancelled)': release({ outcome: 'cancelled' }),
  'running → queued by recover (task.recovered)': { given: silent, when: recover },
  'running → queued by claim (task.recovered)': { given: silent, when: claimAny },
  'running → queued by claim (lease.taken_over)': { given: silent, when: claimIt },
  'running → running by cancel (task.cancel_requested)': { given: claimedNew, when: cancel },
  'queued → cancelled by cancel (task.cancelled)': { given: added, when: cancel },
  'scheduled → cancelled by cancel (task.cancelled)': { given: (world) => added(world, later), when: cancel },
  'queued → cancelled by close (task.cancelled)': { given: added, when: close },
  'scheduled → cancelled by close (task.cancelled)': { given: (world) => added(world, later), when: close },
  'queued → cancelled by recover (task.cancelled)': { given: silentToBeCancelled, when: recover },
  'queued → cancelled by claim (task.cancelled)': { given: silentToBeCancelled, when: claimIt },
  'queued → failed by recover (task.failed)': {
    given: (world) => silent(world, { interruptionsMax: 0 }),
    when: recover,
  },
  'queued → failed by claim (task.failed)': { given: (world) => silent(world, { interruptionsMax: 0 }), when: claimIt },
  'nothing → blocked by enqueue (task.queued)': {
    given: async (world) => {
      await world.add({ id: 'other' });
      return NOTHING;
    },
    when: (world) => world.orchestrator.enqueueTask({ id: 'new', dependsOn: ['other'] }),
  },
  'blocked → blocked by time (task.dependency_ended)': {
    given: (world) => blockedBy(world, ['one', 'two']),
    when: (world) => endDependency(world, 'one', { outcome: 'succeeded' }),
  },
  'blocked → queued by time (task.dependency_ended)': {
    given: (world) => blockedBy(world, ['one']),
    when: (world) => endDependency(world, 'one', { outcome: 'succeeded' }),
  },
  'blocked → scheduled by time (task.dependency_ended)': {
    given: (world) => blockedBy(world, ['one'], later),
    when: (world) => endDependency(world, 'one', { outcome: 'succeeded' }),
  },
  'cancelled → cancelled by time (task.dependency_ended)': {
    async given(world) {
      const subject = await blockedBy(world, ['one']);
      await cancel(world, subject);
      return subject;
    },
    when: (world) => endDependency(world, 'one', { outcome: 'succeeded' }),
  },
  'blocked → cancelled by time (task.cancelled)': {
    given: (world) => blockedBy(world, ['other'], blockedToBeCancelled),
    when: (world) => endDependency(world, 'other', { outcome: 'failed', final: true }),
  },
  'blocked → cancelled by enqueue (task.cancelled)': {
    given: otherCancelled,
    when: (world) => world.orchestrator.enqueueTask({ id: 'new', ...blockedToBeCancelled }),
  },
  'blocked → cancelled by cancel (task.cancelled)': { given: blocked, when: cancel },
  'blocked → cancelled by close (task.cancelled)': { given: blocked, when: close },
  'cancelled → blocked by retry (task.retried)': {
    given: async (world) => {
      const subject = await blocked(world);
      await world.orchestrator.cancelTask({ taskId: subject.taskId });
      return subject;
    },
    when: retry,
  },
  'failed → queued by retry (task.retried)': { given: dead, when: retry },
  'cancelled → queued by retry (task.retried)': { given: cancelled, when: retry },
  'running → waiting by release (task.asked)': release(ask),
  'waiting → queued by answer (task.answered)': { given: waiting, when: answer },
  'waiting → cancelled by cancel (task.cancelled)': { given: waiting, when: cancel },
  'waiting → cancelled by close (task.cancelled)': { given: waiting, when: close },
  'running → waiting by release (task.waiting)': { given: heldBeforeOther, when: waitForOther },
  'running → queued by release (task.waiting)': { given: heldAfterOther({ outcome: 'succeeded' }), when: waitForOther },
  'waiting → waiting by answer (task.answered)': { given: waitingForBoth, when: answer },
  'waiting → waiting by time (task.dependency_ended)': {
    given: waitingForBoth,
    when: (world) => endDependency(world, 'other', { outcome: 'succeeded' }),
  },
  'waiting → queued by time (task.dependency_ended)': {
    given: waitingForOther(),
    when: (world) => endDependency(world, 'other', { outcome: 'succeeded' }),
  },
  'waiting → cancelled by time (task.cancelled)': {
    given: waitingForOther({ onDependencyFailure: 'cancel' }),
    when: (world) => endDependency(world, 'other', { outcome: 'failed', final: true }),
  },
  'waiting → cancelled by release (task.cancelled)': {
    given: heldAfterOther({ outcome: 'failed', final: true }),
    when: (world, subject) => released(world, subject, { ...waits, onDependencyFailure: 'cancel' }),
  },
};

const named = { sessionId: NAMED };
const lastInterruption = (world: World) => silent(world, { interruptionsMax: 0 });

/** One for each row of SESSION_TRANSITIONS. */
export const SESSION_MOVES: Readonly<Record<string, Move>> = {
  'nothing → idle by enqueue (session.opened)': {
    given: async () => NOTHING,
    when: (world) => world.orchestrator.enqueueTask(named),
  },
  'closed → idle by enqueue (session.opened)': {
    given: cancelled,
    when: (world, { sessionId }) => world.orchestrator.enqueueTask({ sessionId }),
  },
  'closed → idle by retry (session.opened)': { given: cancelled, when: retry },
  'idle → running by claim (task.claimed)': { given: added, when: claimIt },
  'running → idle by release (task.succeeded)': release({ outcome: 'succeeded' }, named),
  'running → idle by release (task.review_requested)': release(
    { outcome: 'succeeded' },
    { ...named, review: REVIEWERS },
  ),
  'running → idle by release (task.failed)': release({ outcome: 'failed', error }),
  'running → idle by release (task.released)': release({ outcome: 'released' }),
  'running → idle by release (task.handed_off)': release({ outcome: 'handed_off', to: { agent: OTHER_AGENT } }),
  'running → idle by release (task.cancelled)': release({ outcome: 'cancelled' }, named),
  'running → idle by recover (task.recovered)': { given: silent, when: recover },
  'running → idle by claim (task.recovered)': { given: silent, when: claimAny },
  'running → idle by claim (lease.taken_over)': { given: silent, when: claimIt },
  'idle → closed by close (session.closed)': { given: added, when: close },
  'idle → closed by release (session.closed)': release({ outcome: 'succeeded' }),
  'idle → closed by enqueue (session.closed)': {
    given: otherCancelled,
    when: (world) => world.orchestrator.enqueueTask({ id: 'new', ...blockedToBeCancelled }),
  },
  'idle → closed by cancel (session.closed)': { given: added, when: cancel },
  'idle → closed by recover (session.closed)': { given: lastInterruption, when: recover },
  'idle → closed by claim (session.closed)': { given: lastInterruption, when: claimIt },
  'running → idle by release (task.asked)': release(ask),
  'running → idle by release (task.waiting)': { given: heldBeforeOther, when: waitForOther },
};

/** A task of each status. */
export const STATUSES: Readonly<Record<TaskStatus, Move['given']>> = {
  scheduled: (world: World) => added(world, later),
  blocked,
  queued: added,
  running: claimedNew,
  waiting,
  in_review: (world: World) => inReview(world),
  succeeded: (world: World) => ended(world, { outcome: 'succeeded' }),
  failed: dead,
  cancelled,
};

/** The commands that may move a task: those of the registry name none. */
export type TaskCommand = Exclude<
  CommandName,
  'register_agent' | 'drain_agent' | 'retire_agent' | 'set_agent_policy' | 'set_agent_key'
>;

/** Each command, sent at a task that may not be in the status for it. */
export const COMMANDS: Readonly<Record<TaskCommand, Move['when']>> = {
  enqueue: (world, { taskId }) => world.rival.enqueueTask({ id: taskId }),
  claim: async (world, subject) => [await claimIt(world, subject), await claimAny(world)],
  heartbeat: (world, { token }) => world.orchestrator.heartbeat({ token }),
  checkpoint,
  release: (world, subject) => released(world, subject, { outcome: 'released' }),
  recover,
  cancel,
  retry,
  close,
  answer,
};
