import type { Orchestrator, TaskRecord } from '@agent-orchestrator/core';

/** A task that was handed off and not claimed since: by whom, to whom, since when, and whether it came back. */
export type HandOff = Pick<
  TaskRecord,
  | 'id'
  | 'number'
  | 'sessionId'
  | 'title'
  | 'status'
  | 'assignee'
  | 'role'
  | 'note'
  | 'handedOffBy'
  | 'handedOffAt'
  | 'returnAt'
  | 'returnsTo'
  | 'returnedFrom'
>;

/** The same, and whether any agent is there to claim it. */
export interface OpenHandOff extends HandOff {
  /** No agent has the name, or the role, that the task is for; only where agents are registered. */
  readonly receiverUnknown: boolean;
}

/** The hand-offs of a store. */
export interface HandOffs {
  readonly count: number;
  /** There are more than were counted. */
  readonly isCapped: boolean;
  /** Those that came back first, then the oldest. */
  readonly tasks: readonly OpenHandOff[];
}

type Reads = Pick<Orchestrator, 'listTasks' | 'agentKnown' | 'roleKnown' | 'listAgents'>;

/** So many are read from each end of the list: the tasks that were added first, and those that were added last. */
const READ_MAX = 500;

/** @param limit how many of them are shown */
export async function readHandOffs(reads: Reads, limit: number): Promise<HandOffs> {
  const first = await reads.listTasks({ handedOff: true, limit: READ_MAX });
  const last = first.next === null ? [] : (await lastOf(reads)).items;
  const found = new Map([...first.items, ...last].map((task) => [task.id, handOffOf(task)]));
  const shown = [...found.values()].toSorted(byNeed).slice(0, limit);
  return {
    count: found.size,
    isCapped: found.size === 2 * READ_MAX,
    tasks: await withReceivers(reads, shown),
  };
}

function lastOf(reads: Reads): ReturnType<Reads['listTasks']> {
  return reads.listTasks({ handedOff: true, limit: READ_MAX, before: null });
}

async function withReceivers(reads: Reads, tasks: readonly HandOff[]): Promise<OpenHandOff[]> {
  const areRegistered = tasks.length > 0 && (await reads.listAgents({ limit: 1 })).items.length > 0;
  const isUnknown = async ({ assignee, role }: HandOff): Promise<boolean> => {
    if (!areRegistered) return false;
    if (assignee !== null) return !(await reads.agentKnown(assignee));
    return role !== null && !(await reads.roleKnown(role));
  };
  return Promise.all(tasks.map(async (task) => ({ ...task, receiverUnknown: await isUnknown(task) })));
}

/** The parts of a task that tell of its hand-off; null where it was not handed off. */
export function handOffOf(task: TaskRecord): HandOff {
  const { id, number, sessionId, title, status, assignee, role, note } = task;
  const { handedOffBy, handedOffAt, returnAt, returnsTo, returnedFrom } = task;
  return {
    id,
    number,
    sessionId,
    title,
    status,
    assignee,
    role,
    note,
    handedOffBy,
    handedOffAt,
    returnAt,
    returnsTo,
    returnedFrom,
  };
}

function byNeed(a: HandOff, b: HandOff): number {
  const cameBack = (one: HandOff) => Number(one.returnedFrom !== null);
  return cameBack(b) - cameBack(a) || (a.handedOffAt ?? 0) - (b.handedOffAt ?? 0);
}
