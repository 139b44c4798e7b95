/*
 * The tables of dependencies between tasks, which `tables.ts` has with the others.
 */
import {
  DEPENDENCY_POLICIES,
  ENDED_STATUS_NAMES,
  type COLUMNS,
  type Dependency,
  type DependencyEnd,
} from '@agent-orchestrator/core';
import { counted, inRange, namespace, orNull, text } from './column-kinds.ts';
import type { ColumnsOf, Table } from './table.ts';

/** Which task depends on which. Rows are never removed; a holder that waits again reopens one. */
export const dependencies = {
  columns: {
    namespace,
    task_id: text,
    dependency_id: text,
    on_dependency_failure: text,
    ended: orNull(text),
  } satisfies ColumnsOf<Dependency, typeof COLUMNS.dependency>,
  key: ['namespace', 'task_id', 'dependency_id'],
  checks: {
    dependencies_policy: ({ oneOf }) => oneOf('on_dependency_failure', DEPENDENCY_POLICIES),
    dependencies_ended: ({ oneOf }) => `ended IS NULL OR ${oneOf('ended', ENDED_STATUS_NAMES)}`,
    dependencies_self: 'task_id <> dependency_id',
  },
  references: [
    { name: 'dependencies_task', columns: ['namespace', 'task_id'], table: 'tasks' },
    { name: 'dependencies_dependency', columns: ['namespace', 'dependency_id'], table: 'tasks' },
  ],
  indexes: [
    // The tasks that wait for one: read when it ends.
    {
      name: 'dependencies_of_dependents',
      columns: ['namespace', 'dependency_id', 'task_id'],
      namedBy: `dependency_id > ''`,
    },
  ],
} as const satisfies Table;

/** Dependencies that have ended, until the task that waits is told: mostly empty. */
export const dependencyEnds = {
  columns: {
    namespace,
    task_id: text,
    dependency_id: text,
    seq: counted,
    status: text,
  } satisfies ColumnsOf<DependencyEnd, typeof COLUMNS.dependencyEnd>,
  key: ['namespace', 'task_id', 'dependency_id', 'seq'],
  checks: {
    dependency_ends_status: ({ oneOf }) => oneOf('status', ENDED_STATUS_NAMES),
    dependency_ends_seq: inRange('seq'),
  },
  references: [
    {
      name: 'dependency_ends_dependency',
      columns: ['namespace', 'task_id', 'dependency_id'],
      table: 'dependencies',
    },
  ],
  indexes: [],
} as const satisfies Table;
