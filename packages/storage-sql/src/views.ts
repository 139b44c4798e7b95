import { COLUMNS, type TableName } from '@agent-orchestrator/core';
import { NEXT_COLUMNS } from './tables.ts';

/** What a view shows, for people: rows of a table under the names that every storage has. */
export interface View {
  readonly table: TableName;
  /** The columns that it shows, and which column of the table each of them is. */
  readonly columns: Readonly<Record<string, string>>;
  /** Which rows it shows; all if there is none. */
  readonly condition?: string;
}

/** A lease says which session it is of, and nothing of the session but the task that runs. */
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
] as const;

/** The documented views; no statement of ours reads them. The text of each stands in a migration. */
export const VIEWS: Readonly<Record<string, View>> = {
  tasks_v: { table: 'tasks', columns: asNamed(Object.values(COLUMNS.task)) },
  sessions_v: { table: 'sessions', columns: asNamed([...Object.values(COLUMNS.session), ...NEXT_COLUMNS]) },
  leases_v: {
    table: 'sessions',
    columns: { namespace: 'namespace', session_id: 'id', ...asNamed(LEASE) },
    condition: `status = 'running'`,
  },
  agents_v: { table: 'agents', columns: asNamed(Object.values(COLUMNS.agent)) },
  events_v: { table: 'event_log', columns: asNamed(Object.values(COLUMNS.event)) },
};

function asNamed(names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, name]));
}

/** The statement that each view is, by its name. */
export function viewTexts(textOf: (view: View) => string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(VIEWS).map(([name, view]) => {
      const where = view.condition === undefined ? '' : ` WHERE ${view.condition}`;
      return [name, `${textOf(view)}${where}`];
    }),
  );
}
