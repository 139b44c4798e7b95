import { AGENT_STATUS_NAMES, type Agent, type COLUMNS } from '@agent-orchestrator/core';
import { big, counted, hash, inRange, integer, json, namespace, orNull, text } from './column-kinds.ts';
import type { ColumnsOf, Table } from './table.ts';

/** The registry of agents. No claim writes it, so it has no index besides its key. */
export const agents = {
  columns: {
    namespace,
    name: text,
    status: text,
    human: integer,
    seq: integer,
    version: counted,
    created_at: big,
    updated_at: big,
    hash,
    machine: orNull(text),
    roles: json,
  } satisfies ColumnsOf<Agent, typeof COLUMNS.agent>,
  key: ['namespace', 'name'],
  checks: {
    agents_status: ({ oneOf }) => oneOf('status', AGENT_STATUS_NAMES),
    agents_human: 'human IN (0, 1)',
    agents_counters: inRange('seq', 'version', 'created_at', 'updated_at'),
  },
  indexes: [],
} as const satisfies Table;
