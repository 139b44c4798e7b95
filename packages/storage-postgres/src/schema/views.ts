import { viewTexts } from '@agent-orchestrator/storage-sql';

/*
 * The documented views. Differs: rows stand here under the names that every storage has, so a view adds nothing but the
 * promise that its columns stay. The migrations have the text of the views; a test holds it against this one.
 */

export const VIEW_TEXTS = viewTexts(({ table, columns }) => {
  const shown = Object.entries(columns).map(([name, column]) => (name === column ? name : `${column} AS ${name}`));
  return `SELECT ${shown.join(', ')} FROM orchestrator.${table}`;
});
