import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BenchCase } from './bench-case.ts';
import { busyDuring, loadsOf } from './conditions.ts';
import type { RecordedCase, Recording } from './recorded.ts';
import { machineText, reportOf } from './report.ts';

const README = fileURLToPath(new URL('../README.md', import.meta.url));
/** As long as the longest name of a case. */
const NAME = 28;
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

function resultsOf({ cases: recorded }: Recording, cases: readonly BenchCase[]): string {
  const rows = cases.flatMap(({ name, lines }) =>
    lines.map((line) => ({ line, found: recorded[name]?.lines[line.id] ?? ('not recorded' as const) })),
  );
  const missing = cases.filter(({ name }) => recorded[name] === undefined).length;
  const told = cases.flatMap(({ name }) => (recorded[name] === undefined ? [] : [{ name, ...recorded[name] }]));
  const machines = Map.groupBy(
    told,
    ({ conditions: { machine, rounds } }) => `${machineText(machine)}, ${rounds} rounds`,
  );
  const blocks = [...machines].map(([title, all]) => [title, ...all.map(caseText)].join('\n'));
  return [
    `${missing} of ${cases.length} cases are not recorded.`,
    ...[...blocks, reportOf(rows)].map((block) => `\n\`\`\`text\n${block}\n\`\`\``),
  ].join('\n');
}

function caseText({ name, at, commit, conditions }: RecordedCase & { readonly name: string }): string {
  const reliable = busyDuring(conditions) === undefined ? '' : ', NOT RELIABLE';
  return `  ${name.padEnd(NAME)}  ${at}  ${commit}  ${loadsOf(conditions)}${reliable}`;
}
