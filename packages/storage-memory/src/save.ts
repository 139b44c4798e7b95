import {
  holdsDedupeKey,
  LIMITS,
  OrchestratorError,
  type Agent,
  type Change,
  type EndedDependency,
  type Event,
  type NewEvent,
  type Session,
  type Task,
  type WriteSet,
} from '@agent-orchestrator/core';
import { dependencyEndKey, dependencyKey, keyOf, type MemoryData } from './data.ts';

/** @returns whether anything changed */
export function save(data: MemoryData, writeSet: WriteSet<unknown>): boolean {
  const { sessions, tasks, agents, dependencies = [], events, receipt, forgetReceiptsAt, clock } = writeSet;
  for (const change of [...sessions, ...tasks]) assertUnchanged(data, change);
  for (const change of agents) assertSameAgent(data, change);
  assertUnique(data.events, events);
  assertOneHolder(data, tasks);
  for (const { after } of sessions) data.sessions.set(keyOf(after.namespace, after.id), after);
  for (const { after } of tasks) data.tasks.set(keyOf(after.namespace, after.id), after);
  for (const { after } of agents) data.agents.set(keyOf(after.namespace, after.name), after);
  for (const { after } of dependencies) data.dependencies.set(dependencyKey(after), after);
  for (const ended of writeSet.endedDependencies ?? []) tellDependents(data, ended);
  for (const end of writeSet.settledEnds ?? []) data.dependencyEnds.delete(dependencyEndKey(end));
  for (const event of events) data.events.push({ ...event, id: (data.lastEventId += 1) });
  if (receipt !== null) {
    const over = [...data.receipts]
      .filter(([, { at }]) => at <= forgetReceiptsAt)
      .slice(0, LIMITS.receipts_forgotten_max);
    for (const [key] of over) data.receipts.delete(key);
    data.receipts.set(keyOf(receipt.namespace, receipt.commandId), receipt);
  }
  if (clock !== null) data.clock = clock;
  return sessions.length > 0 || tasks.length > 0 || events.length > 0;
}

/** Leaves word for each task that waits for one that ended. */
function tellDependents(data: MemoryData, { policies, ...ended }: EndedDependency): void {
  for (const { namespace, taskId, dependencyId, onDependencyFailure, ended: before } of data.dependencies.values()) {
    if (namespace !== ended.namespace || dependencyId !== ended.dependencyId) continue;
    if (before !== null || !policies.includes(onDependencyFailure)) continue;
    const end = { ...ended, taskId };
    data.dependencyEnds.set(dependencyEndKey(end), end);
  }
}

/** The guard that a storage without a lock would rely on; here it only shows mistakes. */
function assertUnchanged(data: MemoryData, { before, after }: Change<Session | Task>): void {
  const rows: ReadonlyMap<string, Session | Task> = 'sessionId' in after ? data.tasks : data.sessions;
  if (rows.get(keyOf(after.namespace, after.id))?.version !== before?.version)
    throw new OrchestratorError('INTERNAL', `The row ${after.id} changed between loading and saving.`);
}

function assertSameAgent({ agents }: MemoryData, { before, after }: Change<Agent>): void {
  if (agents.get(keyOf(after.namespace, after.name))?.version !== before?.version)
    throw new OrchestratorError('INTERNAL', `The agent ${after.name} changed between loading and saving.`);
}

/** Refuses what the unique indexes of a database would refuse. */
function assertUnique(written: readonly Event[], events: readonly NewEvent[]): void {
  if (events.length === 0) return;
  const taken = new Set(written.flatMap(uniqueKeys));
  for (const key of events.flatMap(uniqueKeys)) {
    if (taken.has(key)) throw new OrchestratorError('INTERNAL', 'An event with this number, or of this lease, exists.');
    taken.add(key);
  }
}

/** The same for the tasks that hold a dedupe key. */
function assertOneHolder(data: MemoryData, changes: readonly Change<Task>[]): void {
  const holders = changes.map(({ after }) => after).filter((task) => holdsDedupeKey(task));
  if (holders.length === 0) return;
  const changed = new Set(changes.map(({ after }) => keyOf(after.namespace, after.id)));
  const others = [...data.tasks.values()].filter(({ namespace, id }) => !changed.has(keyOf(namespace, id)));
  for (const [at, { namespace, dedupeKey }] of holders.entries()) {
    const isRival = (task: Task) => task.namespace === namespace && task.dedupeKey === dedupeKey;
    if (holders.slice(at + 1).some(isRival) || others.some((task) => isRival(task) && holdsDedupeKey(task)))
      throw new OrchestratorError('INTERNAL', `Two tasks would hold the dedupe key ${dedupeKey}.`);
  }
}

/** An event's number within its stream, and what it does to a lease: each exists once. */
function uniqueKeys({ streamKind, namespace, streamId, seq, fence, leaseEffect }: NewEvent): string[] {
  const number = `${streamKind}\n${namespace}\n${streamId}\n${seq}`;
  return leaseEffect === null ? [number] : [number, `${fence} ${leaseEffect}`];
}
