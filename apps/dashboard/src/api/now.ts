import { isEndedByAnother } from '@agent-orchestrator/runtime';
import { NEED_GROUPS, type NowAnswer } from './now-answer.ts';
import { needsNow, workingNow } from './now-present.ts';
import { needsThen, workingThen } from './now-past.ts';
import type { Moment, PageReads, Query } from './page-reads.ts';

/** The first page: what needs a person, who works on what, and how much there is. */
export async function readNow(reads: PageReads, { params, moment }: Query): Promise<NowAnswer> {
  const { history } = reads.follower;
  const { needs, working, workingCount, tasks, oldestClaimable } = moment.isPast
    ? await then(reads, moment)
    : await now(reads);
  return {
    needs: NEED_GROUPS.flatMap((group) => needs.find((need) => need.group === group && need.count > 0) ?? []),
    working,
    workingCount,
    tasks,
    oldestClaimable,
    nextDue: nextDue(reads, moment),
    lastEvent:
      moment.ordinal === 0
        ? null
        : {
            id: moment.eventId,
            at: history.events.timeAt(moment.ordinal),
            type: history.events.typeAt(moment.ordinal),
          },
    sinceSeen: sinceSeen(reads, moment, params.get('seen')),
  };
}

function nextDue({ follower: { history, state } }: PageReads, { ordinal, at, isPast }: Moment): NowAnswer['nextDue'] {
  // What is not read yet may be due before it.
  const next = isPast || state.phase === 'live' ? history.tasks.nextDue(ordinal, at) : null;
  if (next === null) return null;
  const { id, number, title } = next.task;
  return { task: { id, number, title }, at: next.at };
}

async function now(reads: PageReads) {
  const { status, needs } = await needsNow(reads);
  const { counts, oldestClaimable } = status;
  return { needs, ...workingNow(status, reads.follower.history), tasks: counts.tasks, oldestClaimable };
}

async function then(reads: PageReads, moment: Moment) {
  const { history } = reads.follower;
  return {
    needs: await needsThen(reads, moment),
    ...(await workingThen(reads, moment)),
    tasks: history.tasks.counts(moment.ordinal, moment.at),
    oldestClaimable: null,
  };
}

function sinceSeen({ follower }: PageReads, { ordinal }: Moment, seen: string | null): NowAnswer['sinceSeen'] {
  if (seen === null || !/^\d{1,16}$/.test(seen)) return null;
  const { events } = follower.history;
  const counts = { events: 0, succeeded: 0, failed: 0, interrupted: 0 };
  for (let one = events.ordinalOfId(Number(seen)) + 1; one <= ordinal; one += 1) {
    const type = events.typeAt(one);
    counts.events += 1;
    if (type === 'task.succeeded') counts.succeeded += 1;
    if (type === 'task.failed') counts.failed += 1;
    if (type !== null && isEndedByAnother(type)) counts.interrupted += 1;
  }
  return counts;
}
