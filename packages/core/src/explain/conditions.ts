import { refusalOf } from '../commands/admission.ts';
import { silentFrom, takeoverReason, type ClaimInput } from '../commands/claim.ts';
import { isWanted } from '../commands/grant.ts';
import { endLease, type EndedLeaseOutcome } from '../commands/lease-end.ts';
import { evidenceAgainst } from '../commands/evidence.ts';
import { type HeldLease } from '../commands/held-lease.ts';
import type { EventType } from '../log/events.ts';
import { isTaskTransition, STATUS_EVENTS } from '../log/lifecycle.ts';
import { rescheduled } from '../model/delay.ts';
import { asSettled } from '../model/hand-off.ts';
import { waitsForTasks } from '../model/dependency.ts';
import { isoSeconds } from '../model/moment.ts';
import { nameOf, referenceTo } from '../model/names.ts';
import { shellWord } from '../model/shell-word.ts';
import { counted } from '../model/quantities.ts';
import { isAsking } from '../model/question.ts';
import { isDeadLetter, isEnded } from '../model/statuses.ts';
import { isFor, type Task } from '../model/task.ts';
import { lastOf, met, unmet, type Condition, type Situation } from './condition.ts';
import { addressedBy } from './hand-off.ts';
import { notOwnWork, reviewed } from './review-conditions.ts';
import { nextStepOf } from './waits-for.ts';

/** Every condition for a claim of its session to be granted this task. Each one calls the rule of the claim itself. */
export function conditionsOf(situation: Situation): readonly Condition[] {
  if (isEnded(situation.task.status)) return [notEnded(situation)];
  if (situation.task.status === 'in_review') return [notEnded(situation), reviewed(situation)];
  return [
    notEnded(situation),
    ...answered(situation),
    due(situation),
    ...dependenciesEnded(situation.task, situation.waitsFor ?? []),
    notHeld(situation),
    firstInQueue(situation),
    ...agentMayClaim(situation),
    addressee(situation),
    ...(situation.task.reviewOf === null ? [] : [notOwnWork(situation)]),
    kind(situation),
    notCancelled(situation),
    attemptsLeft(situation),
    clockSettled(situation),
  ];
}

function notEnded({ task, history }: Situation): Condition {
  const events = lastOf(history, STATUS_EVENTS);
  if (!isEnded(task.status)) return met('not_ended', `It is ${task.status}.`, events);
  const ended = task.finishedAt === null ? '' : ` at ${isoSeconds(task.finishedAt)}`;
  const called = isDeadLetter(task.status) ? `${task.status} for good (dead letter)` : task.status;
  return unmet('not_ended', `It has ended${ended}: ${called}.`, {
    nextStep: isTaskTransition('task.retried', task.status, 'queued')
      ? `\`orchestrator task retry ${referenceTo('task', task)}\` queues it again${unlessKeyIsHeld(task)}.`
      : null,
    events,
  });
}

/** Since it ended, another task may hold its dedupe key. */
function unlessKeyIsHeld({ dedupeKey, dedupeWhile }: Task): string {
  return dedupeKey !== null && dedupeWhile === 'open' ? ', unless another task holds its dedupe key by then' : '';
}

/** Only of a task that has asked something. */
function answered({ task, history }: Situation): Condition[] {
  const { askedAt, askedBy, askedAgent, askedRole, answeredBy } = task;
  if (askedAt === null) return [];
  const of = askedAgent === null ? (askedRole === null ? '' : ` of role ${askedRole}`) : ` of agent ${askedAgent}`;
  const asked = `${askedBy ?? 'Its holder'} asked a question${of} at ${isoSeconds(askedAt)}`;
  const events = lastOf(history, ['task.asked', 'task.answered']);
  if (!isAsking(task)) return [met('answered', `${asked}, answered by ${answeredBy ?? 'an unnamed agent'}.`, events)];
  const reference = referenceTo('task', task);
  return [
    unmet('answered', `${asked}: it waits for the answer.`, {
      nextStep:
        `\`orchestrator answer ${reference} TEXT\` answers it. ` +
        `\`orchestrator task show ${reference}\` shows the question.`,
      events,
    }),
  ];
}

function due({ task, now, jump, history }: Situation): Condition {
  const { runAt, status } = rescheduled(task, jump, now);
  if (status !== 'scheduled' || runAt === null) return met('due', 'It has no start time to wait for.');
  const last = history.findLast(({ type }) => DUE_EVENTS.includes(type));
  const events = last === undefined ? [] : [last.id];
  const setBack = last?.type === 'task.rescheduled' || runAt !== task.runAt ? SET_BACK : '';
  if (runAt <= now)
    return met('due', `It is due since ${isoSeconds(runAt)}: the next claim can take it.${setBack}`, events);
  const why = task.attempt === 0 ? 'it was queued with this delay' : `pause after failed attempt ${task.attempt}`;
  return unmet('due', `It cannot be claimed before ${isoSeconds(runAt)}: ${why}.${setBack}`, {
    changesAt: runAt,
    nextStep: 'Wait: a claim can take it from then on.',
    events,
  });
}

const DUE_EVENTS: readonly EventType[] = ['task.queued', 'task.failed', 'task.rescheduled', 'task.retried'];

/** A delay that was rescheduled ends by the clock as it was then, also if the clock goes forward again. */
const SET_BACK = ' The clock was set back after its delay began, so the delay ends by the new time.';

/** So many of the tasks are named that a blocked one waits for. */
const NAMED_MAX = 5;

/** Whether the tasks have ended that the task depends on; none for a task that depends on no other. */
function dependenciesEnded(task: Task, open: readonly Task[]): Condition[] {
  if (task.openDependencies === null) return [];
  if (!waitsForTasks(task))
    return [met('dependencies_ended', 'It waits for no other task: those that it depends on have ended.')];
  const names = open.slice(0, NAMED_MAX).map((one) => `${nameOf('task', one)} (${one.status})`);
  const more = task.openDependencies > names.length ? ', …' : '';
  return [
    unmet('dependencies_ended', `It waits for ${counted(task.openDependencies, 'task')}: ${names.join(', ')}${more}.`, {
      nextStep: nextStepOf(task, open),
    }),
  ];
}

function notHeld({ held, claim, now, historyOfRunning }: Situation): Condition {
  if (held === null) return met('not_held', 'No agent holds its session.');
  const { session } = held;
  const { agent, leaseExpiresAt, staleAt } = session;
  const events = lastOf(historyOfRunning, ['task.claimed']);
  const who = `${agent}${session.instance === null ? '' : ` (${session.instance})`}`;
  const holder = `${who} holds session ${nameOf('session', session)} under fence ${session.fence}`;
  const misses = missesOf(session.nearMisses);
  const life = `last heartbeat ${isoSeconds(session.heartbeatAt)}, stale from ${isoSeconds(staleAt)}${misses}`;
  const claimCommand = `\`orchestrator claim --session ${referenceTo('session', session)}\``;
  const proof = evidenceAgainst(session, claim.evidence);
  if (proof !== null)
    return {
      ...met(
        'not_held',
        `${holder}, but the holder is dead: ${proof.observed ?? `process ${proof.pid} is gone`}; ${life}.`,
        events,
      ),
      nextStep: `${claimCommand} takes it over at once. \`orchestrator recover\` requeues its task.`,
    };
  if (takeoverReason(claim, session, now) !== null)
    return met(
      'not_held',
      `${holder}, but the lease expired at ${isoSeconds(leaseExpiresAt)}: ` +
        `a claim of the session takes it over; ${life}.`,
      events,
    );
  const same = takeoverReason({ ...claim, agent, instance: undefined, resume: true }, session, now) !== null;
  return unmet('not_held', `${holder} until ${isoSeconds(leaseExpiresAt)}; ${life}.`, {
    changesAt: leaseExpiresAt,
    nextStep:
      `After the lease has expired, ${claimCommand} takes it over. From ${isoSeconds(staleAt)}, any claim and ` +
      `\`orchestrator recover\` can end the lease. If ${agent} was restarted, it can take the session back with ` +
      `--resume ${same ? 'now' : `after ${isoSeconds(silentFrom(session))}, if no heartbeat comes before`}.`,
    events,
  });
}

function missesOf(count: number): string {
  return count === 0 ? '' : `, ${counted(count, 'late heartbeat')} so far`;
}

function firstInQueue(situation: Situation): Condition {
  const { task, historyOfRunning } = situation;
  const first = granted(situation);
  if (first === null || first.id === task.id)
    return met('first_in_queue', 'No other task of its session comes before it.');
  const how = first.status === 'running' ? 'runs' : 'waits before it';
  return unmet('first_in_queue', `Task ${nameOf('task', first)} of its session ${how}: a session is a strict queue.`, {
    nextStep:
      `Run \`orchestrator why task ${referenceTo('task', first)}\`. ` +
      'Tasks that may run at the same time need sessions of their own.',
    events: first.status === 'running' ? lastOf(historyOfRunning, ['task.claimed']) : [],
  });
}

/**
 * The task that a claim of the session is about: the running one, or the one that would be granted if it fitted. If the
 * claim would take the session over, the running task goes back to its place in the queue first.
 */
export function granted({ held, head, claim, now }: Pick<Situation, 'held' | 'head' | 'claim' | 'now'>): Task | null {
  if (held === null) return head;
  const closed = takenOver(held, claim, now);
  return closed === null ? held.task : closed.head;
}

/** The result of a takeover; null if none is allowed yet. */
function takenOver(held: HeldLease, claim: ClaimInput, now: number): EndedLeaseOutcome | null {
  const reason = takeoverReason(claim, held.session, now);
  return reason === null ? null : endLease(held, { type: 'lease.taken_over', reason }, claim, null);
}

/** Only where the registry has a say: it refuses the claimant, or has an entry for it. */
function agentMayClaim({ claim, agents }: Situation): Condition[] {
  const refusal = refusalOf(claim, agents);
  const entry = agents.find(({ name }) => name === claim.agent);
  if (refusal === null)
    return entry === undefined ? [] : [met('agent_may_claim', `Agent ${claim.agent} is registered and active.`)];
  const register = `\`orchestrator agent register ${shellWord(claim.agent)}\``;
  switch (refusal.reason) {
    case 'agent_draining':
      return [
        unmet('agent_may_claim', `Agent ${claim.agent} drains: it claims nothing more.`, {
          nextStep: `${register} makes it active again.`,
        }),
      ];
    case 'agent_retired':
      return [
        unmet('agent_may_claim', `Agent ${claim.agent} is retired: no claim under this name is granted.`, {
          nextStep: `${register} makes it active again.`,
        }),
      ];
    case 'agent_unregistered':
      return [
        unmet('agent_may_claim', `Agent ${claim.agent} is not registered, and only registered agents may claim.`, {
          nextStep: `${register} registers it.`,
        }),
      ];
  }
}

function addressee({ task: stored, claim, now, jump, history, isForUnknown, isForRefused }: Situation): Condition {
  const task = asSettled(stored, jump, now);
  const { says: why, events } = addressedBy(task, history);
  const only = task.assignee === null ? task.role && `role ${task.role}` : `agent ${task.assignee}`;
  if (only === null) return met('addressee', 'Any agent may claim it.');
  const unknown = isForUnknown ? ` No agent has this ${task.assignee === null ? 'role' : 'name'}.` : '';
  if (isFor(claim, task)) return met('addressee', `Only ${only} may claim it.${unknown}${why}`, events);
  return unmet('addressee', `Only ${only} may claim it, not agent ${claim.agent}.${unknown}${why}`, {
    ...(task.returnAt !== null && { changesAt: task.returnAt }),
    nextStep:
      task.assignee === null
        ? `An agent with this role claims it with --role ${task.role ?? ''}.`
        : isForRefused
          ? `\`orchestrator agent register ${shellWord(task.assignee)}\` lets it claim again: ` +
            'then it can do the task, or hand it off.'
          : `Agent ${task.assignee} claims it.`,
    events,
  });
}

function kind({ task, claim, history }: Situation): Condition {
  if (claim.kinds === undefined) return met('kind', `Its kind is ${task.kind}.`);
  const asked = claim.kinds.join(', ');
  if (isWanted(claim, task)) return met('kind', `Its kind is ${task.kind}, one of the requested kinds: ${asked}.`);
  return unmet('kind', `Its kind is ${task.kind}; requested: ${asked}.`, {
    nextStep: `Claim with --kind ${task.kind}, or without --kind.`,
    events: lastOf(history, ['task.queued']),
  });
}

function notCancelled({ task, history }: Situation): Condition {
  if (task.cancelRequestedAt === null) return met('not_cancelled', 'No cancellation was requested.');
  return unmet('not_cancelled', `Its cancellation was requested at ${isoSeconds(task.cancelRequestedAt)}.`, {
    nextStep:
      'The next heartbeat tells its holder to stop. If the holder is dead, recovery ends the task as cancelled.',
    events: lastOf(history, ['task.cancel_requested']),
  });
}

function attemptsLeft({ task, held, claim, now, history }: Situation): Condition {
  const attempts = `attempt ${task.attempt} of ${task.attemptsMax}`;
  const used = `${attempts}, interruption ${task.interruptions} of ${task.interruptionsMax}`;
  const events = lastOf(history, ['task.failed', 'task.recovered', 'lease.taken_over']);
  const closed = held?.task.id === task.id ? takenOver(held, claim, now) : null;
  if (closed?.outcome !== 'dead_lettered') return met('attempts_left', `So far: ${used}.`, events);
  return unmet('attempts_left', `No interruption is left (${used}): a takeover or recovery ends it as a dead letter.`, {
    nextStep: `Then \`orchestrator task retry ${referenceTo('task', task)}\` queues it again.`,
    events,
  });
}

function clockSettled({ jump, held }: Situation): Condition {
  if (jump === null) return met('clock_settled', 'No clock jump is pending.');
  const at = isoSeconds(jump.seenAt);
  const says = jump.taken
    ? `The store took the clock of another process (at ${at}), ${jump.byMs} ms from the one that it had: ` +
      'the deadlines of all holders move with it before another command is decided.'
    : `The clock jumped by ${jump.byMs} ms (detected at ${at}): ` +
      'every holder gets a new TTL before another process may end its lease.';
  return held === null
    ? met('clock_settled', says)
    : {
        ...met('clock_settled', says),
        nextStep: 'The next claim or `orchestrator recover` gives every holder its new deadlines.',
      };
}
