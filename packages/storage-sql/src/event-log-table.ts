import type { COLUMNS, Event } from '@agent-orchestrator/core';
import { big, column, counted, hash, inRange, namespace, object, orNull, text, uuid } from './column-kinds.ts';
import { LEASE_EFFECTS, STREAM_KINDS } from './conditions.ts';
import type { ColumnsOf, Table } from './table.ts';

/** Append-only: triggers refuse every other change (see the second migration). */
export const eventLog = {
  columns: {
    id: big,
    stream_kind: text,
    namespace,
    stream_id: column('stream'),
    session_id: orNull(column('session')),
    seq: counted,
    type: text,
    task_id: orNull(column('task')),
    fence: orNull(big),
    lease_effect: orNull(text),
    agent: orNull(text),
    instance: orNull(text),
    command_id: orNull(uuid),
    at: big,
    // Differs: SQLite reads it off the event before.
    prev_hash: { ...hash, only: 'postgres' },
    hash,
    payload: object,
  } satisfies ColumnsOf<Event, typeof COLUMNS.event>,
  key: ['id'],
  isWrittenOften: true,
  checks: {
    event_log_stream: ({ oneOf }) => oneOf('stream_kind', STREAM_KINDS),
    event_log_lease_effect: ({ oneOf }) =>
      `${oneOf('lease_effect', LEASE_EFFECTS)} AND (lease_effect IS NULL OR fence IS NOT NULL)`,
    event_log_session_stream: {
      sqlite:
        `CASE stream_kind WHEN 'session' THEN session IS NOT NULL AND stream_id IS NULL ` +
        `ELSE stream_id IS NOT NULL END`,
      postgres: `stream_kind <> 'session' OR (session_id IS NOT NULL AND session_id = stream_id)`,
    },
    event_log_numbers: inRange('seq', 'fence', 'at'),
  },
  indexes: [
    // Differs: in SQLite, the stream of a session has no id but its session.
    {
      name: 'event_log_seq',
      columns: ['namespace', 'session_id', 'seq'],
      isUnique: true,
      condition: `stream_kind = 'session'`,
      only: 'sqlite',
    },
    {
      name: 'event_log_stream',
      columns: ['stream_kind', 'namespace', 'stream_id', 'seq'],
      isUnique: true,
      condition: 'stream_id IS NOT NULL',
      only: 'sqlite',
    },
    {
      name: 'event_log_seq',
      columns: ['stream_kind', 'namespace', 'stream_id', 'seq'],
      isUnique: true,
      only: 'postgres',
    },
    // One event grants a fence, one ends its lease, and one refuses its token, in the whole database.
    {
      name: 'event_log_lease',
      columns: ['fence', 'lease_effect'],
      isUnique: true,
      condition: 'lease_effect IS NOT NULL',
      namedBy: 'fence >= 0',
    },
    // Which lease came next in a session. Differs: SQLite walks along the session's stream.
    {
      name: 'event_log_grant',
      columns: ['namespace', 'session_id', 'fence'],
      condition: `lease_effect = 'granted'`,
      namedBy: `session_id > ''`,
      only: 'postgres',
    },
    // Differs: SQLite finds the events of a task along the stream of its session.
    {
      name: 'event_log_task',
      columns: ['namespace', 'task_id', 'id'],
      condition: 'task_id IS NOT NULL',
      only: 'postgres',
    },
  ],
} as const satisfies Table;
