import type { Event } from '@agent-orchestrator/core';
import { namespaceOf, type Attempt } from '@agent-orchestrator/core/journal';
import { answerTimes } from './answer-times.ts';
import { groupBy, holdersOf, taskKey, type History, type SessionLog, type Tolerances } from './history.ts';
import { inSequence } from './in-sequence.ts';
import { headAt, replay, type TaskState } from './replay.ts';
import { violation, type Violation } from './violation.ts';

/** A claim without a session that was answered `no_task`. */
interface Poll {
  readonly attempt: Attempt<'claim'>;
  readonly sentAt: number;
  readonly answeredAt: number;
}

/** A poll that did not get a head which fits it. */
interface Miss {
  readonly poll: Poll;
  readonly head: TaskState;
}

/**
 * I13. A head that is due, in a session without a holder, is not passed over by agents that ask for work that it fits.
 * A poll counts only if nothing happened in the session from long enough before it until after it, and if what happened
 * last was answered: a commit may take long. One of them may come in the middle of a commit, so two in sequence are
 * needed.
 */
export function noHeadForgotten(history: History): Violation[] {
  const polls = groupBy(pollsOf(history), ({ attempt }) => namespaceOf(attempt));
  const holders = holdersOf(history.events);
  const answeredAt = answerTimes(history);
  return history.sessions.flatMap((session) => {
    const { namespace } = session;
    const fits = (head: TaskState, poll: Poll) =>
      isFor(head, poll) && !isBarred(head, poll, holders.get(taskKey(namespace, head.review?.of ?? null)));
    const seenFrom = (event: Event) =>
      Math.max(event.at + history.tolerances.visibleAfterMs, answeredAt(event) ?? event.at);
    return checkSession(session, polls.get(namespace) ?? [], history.tolerances, { fits, seenFrom });
  });
}

function pollsOf({ attempts }: History): Poll[] {
  const polls = attempts.flatMap((attempt) =>
    attempt.command === 'claim' &&
    attempt.request.sessionId === undefined &&
    isEmpty(attempt) &&
    attempt.answeredAt !== null
      ? { attempt, sentAt: attempt.sentAt, answeredAt: attempt.answeredAt }
      : [],
  );
  return polls.toSorted((a, b) => a.sentAt - b.sentAt);
}

/** Which heads a poll may get, and from when on it sees what an event has changed. */
interface Visibility {
  readonly fits: (head: TaskState, poll: Poll) => boolean;
  readonly seenFrom: (event: Event) => number;
}

function isEmpty({ reply }: Attempt<'claim'>): boolean {
  return reply?.ok === false && reply.reason === 'no_task';
}

function checkSession(
  { events }: SessionLog,
  polls: readonly Poll[],
  tolerances: Tolerances,
  { fits, seenFrom }: Visibility,
): Violation[] {
  if (polls.length === 0) return [];
  const found: Violation[] = [];
  let at = 0;
  for (const { event, problem, session } of replay(events)) {
    if (problem !== null) break;
    at += 1;
    const from = seenFrom(event) + tolerances.clockSkewMs;
    const until = (events[at]?.at ?? Number.POSITIVE_INFINITY) - tolerances.clockSkewMs;
    if (session.status !== 'idle' || from >= until) continue;
    const misses = during(polls, from, until).flatMap((poll): Miss[] => {
      const head = headAt(session, poll.sentAt - tolerances.visibleAfterMs);
      return head !== null && head === headAt(session, poll.answeredAt) && fits(head, poll) ? [{ poll, head }] : [];
    });
    found.push(...passedOver(event, misses));
  }
  return found;
}

function passedOver(since: Event, misses: readonly Miss[]): Violation[] {
  return [...groupBy(misses, ({ head }) => head.id)].flatMap(([taskId, ofHead]) => {
    const count = inSequence(ofHead.map(({ poll }) => poll));
    const agents = [...new Set(ofHead.map(({ poll }) => poll.attempt.agent))].join(', ');
    return count < 2
      ? []
      : violation(
          'I13',
          [since],
          `${taskId} was the head of ${since.streamId}, but ${count} polls of ${agents} did not get it.`,
        );
  });
}

function during(polls: readonly Poll[], from: number, until: number): Poll[] {
  return polls.slice(firstFrom(polls, from)).filter(({ sentAt, answeredAt }) => sentAt >= from && answeredAt < until);
}

/** Binary search: a long run has as many polls as events. */
function firstFrom(polls: readonly Poll[], from: number): number {
  let low = 0;
  let high = polls.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((polls[middle]?.sentAt ?? 0) < from) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isFor(head: TaskState, { attempt: { request } }: Poll): boolean {
  if (head.assignee !== null && head.assignee !== request.agent) return false;
  if (head.role !== null && !(request.roles ?? []).includes(head.role)) return false;
  return request.kinds === undefined || request.kinds.includes(head.kind);
}

/** No agent reviews work that it held itself before the review was made, or judges a round twice. */
function isBarred(
  { review }: TaskState,
  { attempt: { request } }: Poll,
  holders: ReadonlyMap<string, number> = new Map(),
): boolean {
  if (review === null) return false;
  return review.judgedBy.includes(request.agent) || (holders.get(request.agent) ?? Infinity) < review.queuedBy;
}
