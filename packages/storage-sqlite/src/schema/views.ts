import { COLUMNS, type TableName } from '@agent-orchestrator/core';
import { NEXT_COLUMNS } from '@agent-orchestrator/storage-sql';
import { asIs, EVENT_PLACES, RECEIPT_PLACES, selected, SESSION_PLACES, TASK_PLACES, type Place } from '../rows.ts';

/*
 * The rows under the names of the columns that every storage has, and the views that show them so to any SQL tool. The
 * text of the views stands in the first migration; a test holds it against this one.
 */

/** Where each column of a row stands; a session's with the head of its queue. */
export const ROW_PLACES: Readonly<Record<TableName, Readonly<Record<string, Place>>>> = {
  sessions: {
    ...named(SESSION_PLACES, COLUMNS.session),
    ...Object.fromEntries(NEXT_COLUMNS.map((name) => [name, asIs(name)])),
  },
  tasks: named(TASK_PLACES, COLUMNS.task),
  event_log: named(EVENT_PLACES, COLUMNS.event),
  receipts: named(RECEIPT_PLACES, COLUMNS.receipt),
};

function named<Field extends string>(
  places: Readonly<Record<Field, Place>>,
  columns: Readonly<Record<Field, string>>,
): Readonly<Record<string, Place>> {
  return Object.fromEntries((Object.keys(places) as Field[]).map((field) => [columns[field], places[field]]));
}

/** A lease says which session it is of, and nothing of the session but the task that runs. */
const { namespace, id, ...OF_SESSION } = ROW_PLACES.sessions;
const LEASE = [
  'task_id',
  'agent',
  'instance',
  'fence',
  'ttl_ms',
  'stale_after_ms',
  'lease_expires_at',
  'heartbeat_at',
  'stale_at',
  'host',
  'boot',
  'pid',
  'process_start',
  'process_group',
  'progress',
].map((column) => [column, OF_SESSION[column] ?? asIs(column)] as const);

/** For people; no statement of ours reads them. */
export const VIEWS: Readonly<Record<string, string>> = {
  tasks_v: `SELECT ${selected(ROW_PLACES.tasks)} FROM tasks`,
  sessions_v: `SELECT ${selected(ROW_PLACES.sessions)} FROM sessions`,
  leases_v: `SELECT ${selected({
    namespace: namespace ?? asIs('namespace'),
    session_id: id ?? asIs('id'),
    ...Object.fromEntries(LEASE),
  })} FROM sessions WHERE status = 'running'`,
  events_v: `SELECT ${selected(ROW_PLACES.event_log)} FROM event_log`,
};
