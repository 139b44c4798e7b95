/*
 * What each case promises, in the smallest run that is real: real stores, real processes, the other queues themselves
 * - every case runs, and gives both numbers of each of its lines
 * - the report shows them, with the load before and after
 * - a ratio that fell since it was recorded ends a `--check` with exit code 1
 *
 * What the numbers are is not looked at here: a few units on a machine that runs other tests say nothing.
 * `npm run bench -- --check` compares them, and `npm run test:all` runs that after the tests.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CASES } from '../src/cases/index.ts';
import { keyOf } from '../src/line.ts';
import { notHere } from '../src/not-here.ts';
import { readRecorded, writeRecorded } from '../src/recorded.ts';
import { newFolder, runBench } from './harness.ts';

/** A busy machine is not a bug. On two idle cores all of it takes less than a minute. */
const LIMIT_MS = 600_000;
const LARGE = ['--large', '--backlog', '200'] as const;

/** How the names of cases begin. The two parts run at the same time, and only one of them needs a server. */
const PARTS = [['sqlite', 'verify', 'command-line'], ['postgres']] as const satisfies readonly (readonly string[])[];

const reason = notHere();
const title = reason === undefined ? '' : ` (left out: ${reason})`;

describe.skipIf(reason !== undefined)(`the smallest run${title}`, { concurrent: true, timeout: LIMIT_MS }, () => {
  test('each case is in one part', () => {
    const starts = PARTS.flat();

    expect(CASES.filter(({ name }) => starts.filter((start) => name.startsWith(start)).length !== 1)).toEqual([]);
  });

  test.each(PARTS.map((part) => [part.join(', '), part] as const))(
    'every case of %s gives its numbers',
    async (_, part) => {
      using folder = newFolder();
      const cases = CASES.filter(({ name }) => part.some((start) => name.startsWith(start)));

      const run = await runBench(folder.path, [...LARGE, ...part.flatMap((start) => ['--case', start])]);

      expect(run.code === 0 ? 'passed' : `${run.stdout}\n${run.stderr}`).toBe('passed');
      expect(run.results.map(({ key }) => key)).toEqual(
        cases.flatMap(({ name, lines }) => lines.map((line) => keyOf(name, line))),
      );
      expect(run.results.filter(({ isMeasured }) => !isMeasured)).toEqual([]);
      for (const { line } of run.results) expect(run.stdout).toContain(`${line.title}: ${line.unit}`);
      expect(run.stdout).toMatch(/load [\d.]+, 1 rounds\n[^]*\nload [\d.]+ to [\d.]+, other work \d+ %\n$/);
    },
  );

  test('a ratio that fell since it was recorded ends a check with exit code 1', async () => {
    using folder = newFolder();
    const recorded = join(folder.path, 'recorded.json');
    const args = ['--case', 'sqlite-size', '--recorded', recorded];

    const recording = await runBench(folder.path, [...args, '--record', '--even-loaded']);
    const unchanged = await runBench(folder.path, [...args, '--check']);
    plantFall(recorded, 'sqlite-size/finished');
    const fallen = await runBench(folder.path, [...args, '--check']);

    expect([recording.code, unchanged.code, fallen.code]).toEqual([0, 0, 1]);
    expect(unchanged.stdout).not.toContain('became worse');
    expect(fallen.stdout).toMatch(/^sqlite-size\/finished became worse: /m);
    expect(fallen.stdout).not.toMatch(/^sqlite-size\/queued became worse: /m);
    // It was measured again before it was called a loss.
    expect(fallen.stderr).toContain('sqlite-size, round 3');
  });
});

/** As if the task had taken part as many bytes when it was recorded. */
function plantFall(file: string, key: string): void {
  const { conditions, lines } = readRecorded(file);
  const before = lines[key];
  if (before === undefined) throw new Error(`${key} was not recorded`);
  const { median } = before.ratio;
  const ratio = { median: median / 2, min: median / 2, max: median / 2 };
  writeRecorded({ conditions, lines: { ...lines, [key]: { ...before, ratio } } }, file);
}
