import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BenchCase } from './bench-case.ts';
import { busyDuring, loadsOf, type Conditions } from './conditions.ts';
import { keyOf } from './line.ts';
import type { Recording } from './recorded.ts';
import { headerOf, reportOf } from './report.ts';

const README = fileURLToPath(new URL('../README.md', import.meta.url));
/** What stands between these in the README is written by `--record`. */
const [BEGIN, END] = ['<!-- results -->\n', '<!-- end of results -->'] as const;

/** The README with the results of this recording: the file and the page never tell of two runs. */
export function withResults(page: string, recording: Recording, cases: readonly BenchCase[]): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`bench/README.md has no place for results: ${BEGIN}${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n${resultsOf(recording, cases)}\n\n${page.slice(end)}`;
}

export function writeResults(recording: Recording, cases: readonly BenchCase[]): void {
  writeFileSync(README, withResults(readFileSync(README, 'utf8'), recording, cases));
}

function resultsOf({ conditions, lines }: Recording, cases: readonly BenchCase[]): string {
  const rows = cases.flatMap(({ name, lines: all }) =>
    all.map((line) => ({ line, found: lines[keyOf(name, line)] ?? ('not recorded' as const) })),
  );
  const missing = rows.filter(({ found }) => found === 'not recorded').length;
  const before = conditions === null ? 'No run was recorded yet.' : saidOf(conditions);
  const after = `${missing} of ${rows.length} lines are not recorded, and \`--check\` does not compare those.`;
  return `${before}\n${after}\n\n\`\`\`text\n${reportOf(rows)}\n\`\`\``;
}

function saidOf(conditions: Conditions): string {
  const busy = busyDuring(conditions);
  return [
    `${headerOf(conditions.machine)}.`,
    `${conditions.rounds} rounds, ${loadsOf(conditions)}.`,
    ...(busy === undefined ? [] : [`**Not reliable:** ${busy}.`]),
  ].join('\n');
}
