// The columns of tasks_v that describe a task, in docs/tables.md: core's table of texts, under the names of columns.
// The rest of the page is written by hand; a test of storage-sqlite compares it with the views.
import { readFileSync } from 'node:fs';
import { COLUMNS, TASK_TEXT_NAMES, TASK_TEXTS } from '@agent-orchestrator/core';

const page = 'docs/tables.md';
/** The columns before and after them. */
const BETWEEN = /(?<=^\| `role` \|.*\n)(?:\|.*\n)*(?=\| `note` \|)/mu;

function generate(): string {
  const rows = TASK_TEXT_NAMES.map((name) => `| \`${COLUMNS.task[name]}\` | ${TASK_TEXTS[name]} |\n`);
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
  if (!BETWEEN.test(text)) throw new Error(`${page} has no rows of role and note.`);
  return text.replace(BETWEEN, rows.join(''));
}

export default { page, generate };
