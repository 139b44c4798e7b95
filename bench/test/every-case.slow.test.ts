/*
 * What each case promises, in the smallest run that is real: real stores, real processes, the other queues themselves
 * - every case runs, and gives both numbers of each of its lines
 * - the report shows them, with the load before and after
 * - a ratio that fell since it was recorded ends a `--check` with exit code 1, and so does a case that is not recorded
 * - a run that had no time for a case ends with exit code 1, after the server of Postgres was used too
 * - a recording that is interrupted keeps the cases that had ended
 *
 * What the numbers are is not looked at here: a few units on a machine that runs other tests say nothing.
 * `npm run bench -- --check` compares them, and `npm run test:all` runs that after the tests.
 */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CASES } from '../src/cases/index.ts';
import { keyOf } from '../src/line.ts';
import { notHere } from '../src/not-here.ts';
import { NOTHING, readRecorded, writeRecorded } from '../src/recorded.ts';
import { newFolder, runBench } from './harness.ts';

/** A busy machine is not a bug. On two idle cores all of it takes less than a minute. */
const LIMIT_MS = 600_000;
const LARGE = ['--large', '--backlog', '200'] as const;

/** How the names of cases begin. The two parts run at the same time, and only one of them needs a server. */
const PARTS = [
  ['sqlite', 'verify', 'command-line', 'agent-hooks'],
  ['postgres'],
] as const satisfies readonly (readonly string[])[];

const reason = notHere();
const title = reason === undefined ? '' : ` (left out: ${reason})`;

/*
 * Twice more if it fails: these runs share two cores with each other and with other tests, and SQLite is not fair. One
 * of four processes may then handle nothing for 30 s, which ends a run.
 */
const OPTIONS = { concurrent: true, timeout: LIMIT_MS, retry: 2 };

describe.skipIf(reason !== undefined)(`the smallest run${title}`, OPTIONS, () => {
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
      expect(run.stdout).toMatch(
        /load [\d.]+, 1 rounds\n\n\d+ cases, about \d+ [^]*\nload [\d.]+ to [\d.]+, other work \d+ %\n$/,
      );
    },
  );

  test('a case that is not recorded ends a check with exit code 1', async () => {
    using folder = newFolder();
    const recorded = join(folder.path, 'recorded.json');
    const size = ['--case', 'sqlite-size', '--recorded', recorded];

    writeRecorded(NOTHING, recorded);
    const nothing = await runBench(folder.path, [...size, '--check']);
    await runBench(folder.path, [...size, '--record', '--even-loaded']);
    const oneOfTwo = await runBench(folder.path, [...size, '--case', 'sqlite-enqueue', '--check', '--minutes', '1']);

    expect(nothing.stderr).toMatch(/^--check has nothing to compare, .* --record --case sqlite-size: sqlite-size$/m);
    expect(oneOfTwo.stdout).toMatch(/^NOT RECORDED, so the check fails: sqlite-enqueue\. .* --case sqlite-enqueue$/m);
    expect([nothing.code, oneOfTwo.code]).toEqual([1, 1]);
  });

  test('a case for which no time was left ends a run with exit code 1, after the server was used too', async () => {
    using folder = newFolder();

    const run = await runBench(folder.path, ['--case', 'postgres-idle', '--case', 'verify-large', '--minutes', '1']);

    expect(run.results.map(({ key }) => key)).toEqual(['postgres-idle/worker']);
    expect(run.stdout).toContain('no time was left for verify-large\n');
    expect(run.code).toBe(1);
  });

  test('a recording that is interrupted keeps the cases that had ended', async () => {
    using folder = newFolder();
    const recorded = join(folder.path, 'recorded.json');
    const args = ['--case', 'sqlite-enqueue', '--case', 'postgres-work', '--recorded', recorded];

    const run = await runBench(folder.path, [...args, '--record', '--even-loaded'], {
      abortAt: 'postgres-work, round 1',
    });

    expect(run.code).not.toBe(0);
    expect(Object.keys(readRecorded(recorded).cases)).toEqual(['sqlite-enqueue']);
    expect(readRecorded(recorded).cases['sqlite-enqueue']).toMatchObject({ at: expect.stringMatching(/^20.*Z$/) });
  });

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
  const { cases } = readRecorded(file);
  const [name = '', id = ''] = key.split('/');
  const [one, before] = [cases[name], cases[name]?.lines[id]];
  if (one === undefined || before === undefined) throw new Error(`${key} was not recorded`);
  const { median } = before.ratio;
  const ratio = { median: median / 2, min: median / 2, max: median / 2 };
  writeRecorded({ cases: { ...cases, [name]: { ...one, lines: { ...one.lines, [id]: { ...before, ratio } } } } }, file);
}
