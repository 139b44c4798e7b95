import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Bench, BenchCase } from './bench-case.ts';
import { CASES } from './cases/index.ts';
import { causesOf } from './causes.ts';
import { comparedOf, fails, findingsOf, isWorse } from './check.ts';
import { busyBefore, busyDuring, loadsOf, Watch, type Conditions } from './conditions.ts';
import type { Result } from './line.ts';
import { readOptions, USAGE, type Options } from './options.ts';
import { Server } from './places/server.ts';
import { readRecorded, RECORDED, recordingOf, unfit, writeRecorded, type Recording } from './recorded.ts';
import { headerOf, reportOf } from './report.ts';
import { writeResults } from './results-page.ts';
import { runCase } from './run-case.ts';
import { casesOf, comparableOf } from './selection.ts';
import { Refusal } from './refusal.ts';

/** A case whose ratios are missed gets more rounds, this many times as many in all: noise passes, a loss stays. */
const PATIENCE = 3;

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else await main(options);
} catch (error) {
  tell(error);
}

function tell(error: unknown): void {
  for (const cause of causesOf(error)) console.error(cause instanceof Refusal ? cause.message : cause);
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  const { rounds, assert, json } = options;
  const recording = options.check ? readRecorded(options.recorded) : null;
  const chosen = casesOf(CASES, options);
  const { cases, unrecorded } =
    recording === null ? { cases: chosen, unrecorded: [] } : comparableOf(chosen, recording);
  const watch = new Watch();
  const busy = busyBefore(watch.machine);
  if (options.record && !options.evenLoaded && busy !== undefined) throw new Refusal(`not recorded: ${busy}`);

  console.log(`${headerOf(watch.machine)}, ${rounds} rounds\n`);
  for (const key of unrecorded) console.log(`${key} is not recorded: not measured, and not compared`);
  const results = await measure(cases, options, recording);
  const conditions = watch.conditions(rounds);
  const rows = results.map((one) => ({ line: one.line, found: one.isMeasured ? one : ('not measured' as const) }));
  console.log(`${reportOf(rows)}\n\n${loadsOf(conditions)}`);
  writeFileSync(json, `${JSON.stringify({ ...conditions, results }, null, 2)}\n`);

  const isRecorded = !options.record || record(results, conditions, options);
  const isPassed = recording === null || compare(results, recording, conditions);
  const isMissed = assert && results.some(({ reached }) => reached === false);
  if (!isRecorded || !isPassed || isMissed) process.exitCode = 1;
}

/** The committed file and the README in one go. Tells which lines it leaves out; false: it wrote nothing. */
function record(results: readonly Result[], conditions: Conditions, { recorded: file, evenLoaded }: Options): boolean {
  const busy = busyDuring(conditions);
  if (busy !== undefined && !evenLoaded) {
    console.log(`not recorded: ${busy}`);
    return false;
  }
  const reasons = new Map(results.map((result) => [result, unfit(result, { evenLoaded })]));
  for (const [{ key }, reason] of reasons)
    if (reason !== undefined) console.log(`${key} is not recorded: it ${reason}`);
  const fit = results.filter((result) => reasons.get(result) === undefined);
  const recording = recordingOf(fit, conditions);
  writeRecorded(recording, file);
  if (file === RECORDED) writeResults(recording, CASES);
  return fit.length > 0;
}

/** Tells what it found; false: the check does not pass. */
function compare(results: readonly Result[], recording: Recording, conditions: Conditions): boolean {
  const findings = findingsOf(results, recording, conditions);
  for (const { key, message } of findings) console.log(`${key} ${message}`);
  const failed = findings.filter(fails).length;
  console.log(`${comparedOf(results, findings)} lines were compared, ${failed} of them failed`);
  return failed === 0;
}

async function measure(
  cases: readonly BenchCase[],
  { rounds, folder: parent, backlog, smallest: isSmallest, stretch }: Options,
  recording: Recording | null,
): Promise<readonly Result[]> {
  const needsMore = (results: readonly Result[]): boolean =>
    recording !== null && results.some((result) => isWorse(result, recording));
  mkdirSync(parent, { recursive: true });
  // Each round starts many processes, which would all strip the types of the same files.
  process.env['NODE_COMPILE_CACHE'] ??= join(parent, 'compiled');
  const folder = mkdtempSync(join(parent, 'stores-'));
  let server: Promise<Server> | undefined;
  const bench: Bench = {
    folder,
    server: () => (server ??= Server.start(folder)),
    backlog,
    isSmallest,
    stretch,
    log: (line) => console.error(line),
  };
  const results: Result[] = [];
  try {
    for (const one of cases)
      results.push(...(await runCase(one, bench, { rounds, needsMore, roundsMax: rounds * PATIENCE })));
  } finally {
    // One that did not start has said so already.
    await server?.then(
      (one) => one.stop(),
      () => {},
    );
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}
