import type { Task } from '@agent-orchestrator/core';
import { isEndedByAnother } from '@agent-orchestrator/runtime';
import { NEED_GROUPS, type NowAnswer } from './now-answer.ts';
import { needsNow, workingNow } from './now-present.ts';
import { needsThen, workingThen } from './now-past.ts';
import type { Moment, PageReads, Query } from './page-reads.ts';

/** The first page: what needs a person, who works on what, and how much there is. */
export async function readNow(reads: PageReads, { params, moment }: Query): Promise<NowAnswer> {
  const { history } = reads.follower;
  const { needs, working, workingCount, tasks, oldestClaimable, nextDue } = moment.isPast
    ? await then(reads, moment)
    : await now(reads, moment);
  return {
    needs: NEED_GROUPS.flatMap((group) => needs.find((need) => need.group === group && need.count > 0) ?? []),
    working,
    workingCount,
    tasks,
    oldestClaimable,
    nextDue,
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

async function now(reads: PageReads, { at }: Moment) {
  const { status, needs } = await needsNow(reads);
  const { counts, oldestClaimable } = status;
  const { history } = reads.follower;
  const due = await reads.log.nextScheduled(reads.orchestrator.defaultNamespace, at);
  const nextDue = due === null || due.runAt === null ? null : dueAt(due, due.runAt);
  return { needs, ...workingNow(status, history), tasks: counts.tasks, oldestClaimable, nextDue };
}

async function then(reads: PageReads, moment: Moment) {
  const { counts, nextDue } = reads.follower.history.tasks.totals(moment.ordinal, moment.at);
  return {
    needs: await needsThen(reads, moment),
    ...(await workingThen(reads, moment)),
    tasks: counts,
    oldestClaimable: null,
    nextDue: nextDue === null ? null : dueAt(nextDue.task, nextDue.at),
  };
}

function dueAt({ id, number, title }: Pick<Task, 'id' | 'number' | 'title'>, at: number): NowAnswer['nextDue'] {
  return { task: { id, number, title }, at };
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
