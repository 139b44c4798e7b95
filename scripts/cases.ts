// Runs the tests of the cases in tests/cases/cases.ts, and no others, and prints for each case PASS, FAIL or SKIP with
// the reason. Words on the command line choose the cases whose names contain one of them.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { CASES } from '../tests/cases/cases.ts';
import { outcomeOf, patternOf, type RanTest } from '../tests/cases/outcomes.ts';

const words = process.argv.slice(2);
const chosen = CASES.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
if (chosen.length === 0) throw new Error(`No case has a name with ${words.join(' or ')}.`);

const ran = report();
const outcomes = chosen.map((one) => ({ name: one.name, ...outcomeOf(one, ran) }));
for (const { is, name, reason } of outcomes) console.log(`${is}  ${name} (${reason})`);
const counts = (['PASS', 'FAIL', 'SKIP'] as const).map(
  (is) => `${outcomes.filter((one) => one.is === is).length} ${is}`,
);
console.log(counts.join(', '));
process.exitCode = outcomes.some(({ is }) => is === 'FAIL') ? 1 : 0;

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

function report(): readonly RanTest[] {
  const folder = mkdtempSync(join(tmpdir(), 'cases-'));
  try {
    const file = join(folder, 'report.json');
    const tests = chosen.flatMap((one) => one.tests);
    const files = [...new Set(tests.map(([path]) => path))];
    const pattern = [...new Set(tests.map(([, title]) => patternOf(title).source))].join('|');
    const args = [
      join('node_modules', 'vitest', 'vitest.mjs'),
      'run',
      '-t',
      pattern,
      '--reporter=json',
      `--outputFile=${file}`,
      ...files,
    ];
    // What vitest says of the tests is in the report; what goes wrong before, on the standard error.
    spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as Report;
    return testResults.flatMap(({ name, assertionResults }) =>
      assertionResults.map(({ title, status }) => ({ file: relative(process.cwd(), name), title, status })),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
