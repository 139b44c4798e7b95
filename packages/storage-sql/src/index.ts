export { assertSameCatalogue, type Catalogue } from './catalogue.ts';
export {
  addresseeIn,
  ASIDE,
  EMPTY,
  ENDED,
  HOLDS_KEY,
  isOneOf,
  LEASE_EFFECTS,
  READY,
  RETURNING,
  RUNNING,
  STREAM_KINDS,
  PENDING,
} from './conditions.ts';
export { FIELDS, headValues, valuesOf } from './fields.ts';
export {
  dependencyCursor,
  dependencyEndList,
  dependencyList,
  eventList,
  grantList,
  isInStream,
  pageOf,
  questionList,
  agentList,
  eventCursor,
  sessionList,
  taskList,
  type List,
  type ListWords,
} from './lists.ts';
export { completeSession, firstThatFit, loadScope, lookForReady, readySessions } from './load-scope.ts';
export type { DueTask, ReadyKey, ScopeLookups } from './scope-lookups.ts';
export { assertCurrent, assertNotNewer, noStore, readMigrations, type Migration } from './migrations.ts';
export {
  hasEffect,
  keyOf,
  planSave,
  SESSION_UPDATES,
  type SavePlan,
  type SessionUpdateName,
  type Update,
} from './save-plan.ts';
export {
  rowStoreAsking,
  rowStoreOver,
  type AskedConnections,
  type AskedRows,
  type RowConnections,
  type StoredRows,
  type WritableRows,
} from './row-store.ts';
export { earliest, foundFor, newNumbersOf, planScope, unique, type Found, type ScopePlan } from './scope-plan.ts';
export { systemClock } from './system-clock.ts';
export { columnName, holdsJson, storedColumns, type CheckWords, type Column, type Kind, type Table } from './table.ts';
export { NEXT_COLUMNS, TABLES } from './tables.ts';
export { VIEWS, viewTexts, type View } from './views.ts';
