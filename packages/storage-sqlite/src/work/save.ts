import {
  counted,
  OrchestratorError,
  type Agent,
  type Change,
  type NewEvent,
  type Session,
  type Task,
  type WriteSet,
} from '@agent-orchestrator/core';
import {
  FIELDS,
  headValues,
  planSave,
  SESSION_UPDATES,
  valuesOf,
  type SavePlan,
  type SessionUpdateName,
  type Update,
} from '@agent-orchestrator/storage-sql';
import { NEW_EVENT, type Statements } from '../statements.ts';

/**
 * Writes the rows of a decision.
 *
 * @param eventIdBefore the id after which the events continue, if it is not the last one in the log
 */
export function save(on: Statements, writeSet: WriteSet<unknown>, eventIdBefore: number | null): void {
  const numbers = new Numbers(on, writeSet);
  const plan = planSave([writeSet]);
  for (const { session, head } of plan.newSessions) {
    on.addNamespace.run(session.namespace);
    on.insertSession.run(...valuesOf(session, FIELDS.session), ...headValues(head));
  }
  for (const change of plan.stoppedTasks) updateTask(on, change);
  for (const change of plan.changedTasks) updateTask(on, change);
  for (const task of plan.newTasks) on.insertTask.run(...taskValues(task, numbers));
  for (const change of plan.changedSessions) updateSession(on, change, change.update);
  for (const { namespace, sessionId } of plan.changedQueues)
    setNextHead(on, namespace, numbers.ofSession(namespace, sessionId));
  for (const agent of plan.newAgents) {
    on.addNamespace.run(agent.namespace);
    on.insertAgent.run(...valuesOf(agent, FIELDS.agent));
  }
  for (const change of plan.changedAgents) updateAgent(on, change);
  saveDependencies(on, plan);
  for (const [index, event] of plan.events.entries()) {
    const id = index === 0 && eventIdBefore !== null ? eventIdBefore + 1 : null;
    on.insertEvent.run(id, ...eventValues(event, numbers));
  }
  for (const receipt of plan.receipts) on.insertReceipt.run(...valuesOf(receipt, FIELDS.receipt));
  if (writeSet.clock !== null) on.saveClock.run(JSON.stringify(writeSet.clock));
}

/** Names of tasks are texts here: the tasks are there by now. */
function saveDependencies(on: Statements, plan: SavePlan): void {
  for (const one of plan.newDependencies) on.insertDependency.run(...valuesOf(one, FIELDS.dependency));
  for (const { namespace, taskId, dependencyId, ended } of plan.fulfilledDependencies) {
    const { changes } = on.fulfilDependency.run(ended, namespace, taskId, dependencyId);
    assertOne(changes, 'dependency', `${taskId} on ${dependencyId}`);
  }
  for (const { namespace, dependencyId, seq, status, policies } of plan.endedDependencies)
    on.insertDependencyEnds.run(seq, status, namespace, dependencyId, JSON.stringify(policies));
  for (const { namespace, taskId, dependencyId, seq } of plan.settledEnds)
    on.deleteDependencyEnd.run(namespace, taskId, dependencyId, seq);
}

/** No row has it: what names it is refused. */
const NO_NUMBER = -1;

/** The numbers by which rows name sessions and tasks: those of the decision itself, and others that are looked up. */
class Numbers {
  readonly #on: Statements;
  /** By id. Of two rows of different namespaces with one id, the first is looked up. */
  readonly #sessions: ReadonlyMap<string, Session>;
  readonly #tasks: ReadonlyMap<string, Task>;

  constructor(on: Statements, { sessions, tasks }: WriteSet<unknown>) {
    this.#on = on;
    this.#sessions = byId(sessions);
    this.#tasks = byId(tasks);
  }

  ofSession(namespace: string, id: string): number {
    const known = this.#sessions.get(id);
    if (known?.namespace === namespace) return known.number;
    return this.#on.sessionNumber.get(namespace, id) ?? NO_NUMBER;
  }

  ofTask(namespace: string, id: string): number {
    const known = this.#tasks.get(id);
    if (known?.namespace === namespace) return known.number;
    return this.#on.taskNumber.get(namespace, id) ?? NO_NUMBER;
  }
}

function byId<Row extends Session | Task>(changes: readonly Change<Row>[]): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const { after } of changes) rows.set(after.id, after);
  return rows;
}

/** Looks up the head of a session's queue and keeps it in the session's row, where the claim's index finds it. */
export function setNextHead(on: Statements, namespace: string, session: number): void {
  on.setNext.run(...headValues(on.nextHead.get(namespace, session) ?? null), session);
}

function updateSession(on: Statements, { before, after }: Update<Session>, update: SessionUpdateName): void {
  const { namespace, number, id } = after;
  const { head } = SESSION_UPDATES[update];
  const next = head === 'looked_up' ? headValues(on.nextHead.get(namespace, number) ?? null) : [];
  const changes = on.updateSession[head].run(before, after, [...next, number, before.version]);
  assertOne(changes, 'session', id);
}

function updateTask(on: Statements, { before, after }: Update<Task>): void {
  const changes = on.updateTask.run(before, after, [after.number, before.version]);
  assertOne(changes, 'task', after.id);
}

function updateAgent(on: Statements, { before, after }: Update<Agent>): void {
  const { namespace, name } = after;
  const { changes } = on.updateAgent.run(...valuesOf(after, FIELDS.agentChanges), namespace, name, before.version);
  assertOne(changes, 'agent', name);
}

/** The row names its session by the number. */
function taskValues(task: Task, numbers: Numbers): unknown[] {
  const session = numbers.ofSession(task.namespace, task.sessionId);
  return FIELDS.task.map((field) => (field === 'sessionId' ? session : task[field]));
}

/** In the order of `NEW_EVENT`. */
function eventValues(event: NewEvent, numbers: Numbers): unknown[] {
  const { namespace, streamKind, sessionId, taskId } = event;
  return NEW_EVENT.map((field) => {
    if (field === 'streamId') return streamKind === 'session' ? null : event.streamId;
    if (field === 'sessionId') return sessionId === null ? null : numbers.ofSession(namespace, sessionId);
    if (field === 'taskId') return taskId === null ? null : numbers.ofTask(namespace, taskId);
    return event[field as keyof NewEvent];
  });
}

function assertOne(changes: number, what: string, id: string): void {
  if (changes !== 1)
    throw new OrchestratorError(
      'INTERNAL',
      `The ${what} ${id} changed after it was loaded: the update changed ${counted(changes, 'row')} instead of one.`,
    );
}
