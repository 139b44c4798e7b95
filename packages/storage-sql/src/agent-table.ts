import {
  AGENT_STATUS_NAMES,
  OTHER_AGENTS,
  PUBLIC_KEY_CHARACTERS,
  type Agent,
  type COLUMNS,
} from '@agent-orchestrator/core';
import { big, counted, hash, inRange, integer, json, namespace, orNull, text } from './column-kinds.ts';
import type { ColumnsOf, Table } from './table.ts';

/**
 * The text is a JSON array of names, as core writes it. That it is JSON is checked besides. Names have no quotation
 * mark, so without those between two names, there are the first and the last one left.
 */
function isNames(column: string): string {
  const ends = `replace(${column}, '","', '')`;
  const quotes = `length(${ends}) - length(replace(${ends}, '"', ''))`;
  return `${column} = '[]' OR (${column} LIKE '["%"]' AND ${quotes} = 2)`;
}

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
    public_key: orNull(text),
    roles: json,
    signed_roles: json,
  } satisfies ColumnsOf<Agent, typeof COLUMNS.agent>,
  key: ['namespace', 'name'],
  checks: {
    agents_status: ({ oneOf }) => oneOf('status', AGENT_STATUS_NAMES),
    agents_human: 'human IN (0, 1)',
    agents_roles_are_names: isNames('roles'),
    agents_signed_roles_are_names: isNames('signed_roles'),
    agents_public_key: `public_key IS NULL OR length(public_key) = ${PUBLIC_KEY_CHARACTERS}`,
    // The entry of all other names stands for a policy, which is one of two.
    agents_others: `name <> '${OTHER_AGENTS}' OR status <> 'draining'`,
    agents_counters: inRange('seq', 'version', 'created_at', 'updated_at'),
  },
  indexes: [],
} as const satisfies Table;
