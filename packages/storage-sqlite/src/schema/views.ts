import { COLUMNS, type TableName } from '@agent-orchestrator/core';
import { NEXT_COLUMNS, viewTexts } from '@agent-orchestrator/storage-sql';
import {
  AGENT_PLACES,
  asIs,
  DEPENDENCY_END_PLACES,
  DEPENDENCY_PLACES,
  EVENT_PLACES,
  RECEIPT_PLACES,
  selected,
  SESSION_PLACES,
  TASK_PLACES,
  type Place,
} from '../rows.ts';

/*
 * The rows under the names of the columns that every storage has, and the views that show them so to any SQL tool. The
 * migrations have the text of the views; a test holds it against this one.
 */

/** Where each column of a row stands; a session's with the head of its queue. */
export const ROW_PLACES: Readonly<Record<TableName, Readonly<Record<string, Place>>>> = {
  sessions: {
    ...named(SESSION_PLACES, COLUMNS.session),
    ...Object.fromEntries(NEXT_COLUMNS.map((name) => [name, asIs(name)])),
  },
  tasks: named(TASK_PLACES, COLUMNS.task),
  agents: named(AGENT_PLACES, COLUMNS.agent),
  dependencies: named(DEPENDENCY_PLACES, COLUMNS.dependency),
  dependency_ends: named(DEPENDENCY_END_PLACES, COLUMNS.dependencyEnd),
  event_log: named(EVENT_PLACES, COLUMNS.event),
  receipts: named(RECEIPT_PLACES, COLUMNS.receipt),
};

function named<Field extends string>(
  places: Readonly<Record<Field, Place>>,
  columns: Readonly<Record<Field, string>>,
): Readonly<Record<string, Place>> {
  return Object.fromEntries((Object.keys(places) as Field[]).map((field) => [columns[field], places[field]]));
}

/** For people; no statement of ours reads them. */
export const VIEW_TEXTS = viewTexts(({ table, columns }) => {
  const places = Object.entries(columns).map(([shown, column]) => [shown, ROW_PLACES[table][column] ?? asIs(column)]);
  return `SELECT ${selected(Object.fromEntries(places) as Readonly<Record<string, Place>>)} FROM ${table}`;
});
