import {
  LIMITS,
  OrchestratorError,
  type Agent,
  type QueueHead,
  type Task,
  type WriteSet,
} from '@agent-orchestrator/core';
import { FIELDS, headValues, planSave, SESSION_UPDATES, valuesOf, type Update } from '@agent-orchestrator/storage-sql';
import type { Database } from './database.ts';
import { HEAD, NEW_EVENT, updateSession, WRITES } from './statements.ts';

const FORGET = `DELETE FROM receipts WHERE (namespace, command_id) IN
  (SELECT namespace, command_id FROM receipts WHERE at <= ? LIMIT ${LIMITS.receipts_forgotten_max})`;
const NEXT_HEAD = `SELECT id, priority, queued_at AS "queuedAt", kind, assignee, role FROM tasks ${HEAD}`;

/** Writes the rows of a decision, in the order of the plan. */
export function save(db: Database, writeSet: WriteSet<unknown>): void {
  const plan = planSave([writeSet]);
  for (const { session, head } of plan.newSessions)
    db.run(WRITES.insertSession, ...valuesOf(session, FIELDS.session), ...headValues(head));
  for (const change of [...plan.stoppedTasks, ...plan.changedTasks]) updateTask(db, change);
  for (const task of plan.newTasks) db.run(WRITES.insertTask, ...valuesOf(task, FIELDS.task));
  for (const { before, after, update } of plan.changedSessions) {
    const { fields, head } = SESSION_UPDATES[update];
    const next = head === 'kept' ? [] : headValues(head === 'none' ? null : nextHead(db, after.namespace, after.id));
    assertOne(db.run(updateSession(update), ...valuesOf(after, fields), ...next, after.number, before.version), after);
  }
  for (const { namespace, sessionId } of plan.changedQueues) setNextHead(db, namespace, sessionId);
  for (const agent of plan.newAgents) db.run(WRITES.insertAgent, ...valuesOf(agent, FIELDS.agent));
  for (const change of plan.changedAgents) updateAgent(db, change);
  for (const one of plan.newDependencies) db.run(WRITES.insertDependency, ...valuesOf(one, FIELDS.dependency));
  for (const { namespace, taskId, dependencyId, ended } of plan.fulfilledDependencies)
    assertOne(db.run(WRITES.fulfilDependency, ended, namespace, taskId, dependencyId), { id: taskId });
  for (const { namespace, dependencyId, seq, status, policies } of plan.endedDependencies)
    db.run(WRITES.insertDependencyEnds, seq, status, namespace, dependencyId, JSON.stringify(policies));
  for (const { namespace, taskId, dependencyId, seq } of plan.settledEnds)
    db.run(WRITES.deleteDependencyEnd, namespace, taskId, dependencyId, seq);
  for (const event of plan.events) db.run(WRITES.insertEvent, ...valuesOf(event, NEW_EVENT));
  if (plan.receipts.length > 0) db.run(FORGET, writeSet.forgetReceiptsAt);
  for (const receipt of plan.receipts) db.run(WRITES.insertReceipt, ...valuesOf(receipt, FIELDS.receipt));
  if (writeSet.clock !== null) db.run(WRITES.setMeta, 'clock', JSON.stringify(writeSet.clock));
}

/** Keeps the head of a session's queue in the row of the session, where the index of the claims finds it. */
export function setNextHead(db: Database, namespace: string, sessionId: string): void {
  db.run(WRITES.setNext, ...headValues(nextHead(db, namespace, sessionId)), namespace, sessionId);
}

function nextHead(db: Database, namespace: string, sessionId: string): QueueHead | null {
  return db.get<QueueHead>(NEXT_HEAD, namespace, sessionId) ?? null;
}

function updateTask(db: Database, { before, after }: Update<Task>): void {
  assertOne(db.run(WRITES.updateTask, ...valuesOf(after, FIELDS.taskChanges), after.number, before.version), after);
}

function updateAgent(db: Database, { before, after }: Update<Agent>): void {
  const { namespace, name } = after;
  const values = valuesOf(after, FIELDS.agentChanges);
  assertOne(db.run(WRITES.updateAgent, ...values, namespace, name, before.version), { id: name });
}

/** The lock keeps others away from the row, so another count shows a mistake. */
function assertOne(changes: number, { id }: { readonly id: string }): void {
  if (changes !== 1) throw new OrchestratorError('INTERNAL', `The row ${id} changed after it was loaded.`);
}
