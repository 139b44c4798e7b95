import type { EventType, TaskRecord, TaskStatus } from '@agent-orchestrator/core';
import { upTo, type Moment, type PageReads } from './page-reads.ts';

/** Another task, in brief. */
export interface OtherTask {
  readonly id: string;
  readonly number: number | null;
  readonly title: string | null;
  readonly status: TaskStatus | null;
}

export interface TaskRelations {
  readonly dependsOn: readonly OtherTask[];
  readonly dependents: readonly OtherTask[];
  readonly subtasks: readonly OtherTask[];
  readonly parent: OtherTask | null;
  /** Of its last round, open or with a verdict. */
  readonly reviews: readonly OtherTask[];
  readonly reviewOf: OtherTask | null;
  /** The lists that have more than is shown. */
  readonly cut: readonly ('depends_on' | 'dependents' | 'subtasks')[];
}

type Work = Pick<TaskRecord, 'id' | 'parentId' | 'review' | 'reviewOf'>;

interface PageOf<Row> {
  readonly items: readonly Row[];
  readonly next: string | null;
}

const OTHERS_MAX = 50;
/** In the past, among so many rows of today those are looked for that were there. */
const LOOKED_AT_MAX = 500;
/** The events that can add dependencies: one adds the task, and its holder may wait for others again and again. */
const ADDING: readonly EventType[] = ['task.queued', 'task.asked', 'task.waiting'];
const ADDING_MAX = 200;

/**
 * The other tasks that have to do with a task, at a moment. No dependency and no task is ever removed: those of then
 * are among those of today, and the events tell since when.
 *
 * @param work as it was at the moment
 */
export async function relationsOf(reads: PageReads, work: Work, moment: Moment): Promise<TaskRelations> {
  const { orchestrator } = reads;
  const { id, parentId, review, reviewOf } = work;
  const named = (one: string) => otherTask(reads, one, moment);
  const dependsOn = moment.isPast
    ? await dependenciesThen(reads, id, moment)
    : (await orchestrator.listDependencies({ taskId: id, limit: OTHERS_MAX + 1 })).items.map((one) => one.dependencyId);
  const dependents = await found(
    (page) => orchestrator.listDependencies({ dependencyId: id, ...page }),
    async ({ taskId }) => !moment.isPast || (await dependenciesThen(reads, taskId, moment)).includes(id),
  );
  const subtasks = await found(
    (page) => orchestrator.listTasks({ parentId: id, ...page }),
    async (task) => !moment.isPast || named(task.id).status !== null,
  );
  const reviews = review === null ? [] : [...review.open, ...review.approved.map((one) => one.review)];
  return {
    dependsOn: dependsOn.slice(0, OTHERS_MAX).map(named),
    dependents: dependents.rows.map(({ taskId }) => named(taskId)),
    subtasks: subtasks.rows.map((task) => named(task.id)),
    parent: parentId === null ? null : named(parentId),
    reviews: reviews.map(named),
    reviewOf: reviewOf === null ? null : named(reviewOf.taskId),
    cut: [
      ...(dependsOn.length > OTHERS_MAX ? (['depends_on'] as const) : []),
      ...(dependents.isCut ? (['dependents'] as const) : []),
      ...(subtasks.isCut ? (['subtasks'] as const) : []),
    ],
  };
}

function otherTask({ follower }: PageReads, id: string, { ordinal, at }: Moment): OtherTask {
  const { tasks } = follower.history;
  const known = tasks.numberOf(id);
  const name = tasks.nameOf(known);
  const status = known === -1 ? null : (tasks.momentOf(known, ordinal, at)?.status ?? null);
  return { id, number: name?.number ?? null, title: name?.title ?? null, status };
}

/** The tasks that a task had waited for until a moment, by id. */
async function dependenciesThen({ orchestrator }: PageReads, taskId: string, moment: Moment): Promise<string[]> {
  const page = await orchestrator.listEvents({ taskId, types: [...ADDING], ...upTo(moment), limit: ADDING_MAX });
  const ids = page.items.flatMap(({ payload }) => (payload as { readonly depends_on?: readonly string[] }).depends_on);
  return [...new Set(ids.filter((id) => id !== undefined))].toSorted();
}

/** The first rows that are meant, and whether there may be more. */
async function found<Row>(
  read: (page: { readonly after?: string; readonly limit: number }) => Promise<PageOf<Row>>,
  isMeant: (row: Row) => Promise<boolean>,
): Promise<{ readonly rows: readonly Row[]; readonly isCut: boolean }> {
  const rows: Row[] = [];
  let next: string | null = null;
  for (let seen = 0; seen < LOOKED_AT_MAX; seen += OTHERS_MAX) {
    const page: PageOf<Row> = await read({ ...(next !== null && { after: next }), limit: OTHERS_MAX });
    for (const row of page.items) if (rows.length <= OTHERS_MAX && (await isMeant(row))) rows.push(row);
    next = page.next;
    if (next === null || rows.length >= OTHERS_MAX) break;
  }
  return { rows: rows.slice(0, OTHERS_MAX), isCut: next !== null || rows.length > OTHERS_MAX };
}
