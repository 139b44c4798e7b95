import { writeFileSync } from 'node:fs';
import process from 'node:process';
import type { BenchCase } from './bench-case.ts';
import { CASES } from './cases/index.ts';
import { causesOf } from './causes.ts';
import { comparedOf, fails, findingsOf, isWorse } from './check.ts';
import { commitHere, commitText, type Commit } from './commit.ts';
import { busyBefore, loadsOf, Watch } from './conditions.ts';
import type { MeasuredCase } from './line.ts';
import { machine } from './machine.ts';
import { readOptions, USAGE, type Options } from './options.ts';
import { planOf } from './plan.ts';
import { readRecorded, readRecordedSoFar, type Recording } from './recorded.ts';
import { Recorder } from './recorder.ts';
import { Refusal } from './refusal.ts';
import { headerOf, reportOf, rowsOf } from './report.ts';
import { runCases } from './run-cases.ts';
import { casesOf, comparableOf, missingOf, namesOf, recordCommand } from './selection.ts';

const interrupted = Promise.withResolvers<never>();
interrupted.promise.catch(() => {});
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => interrupted.reject(new Refusal(`interrupted by ${signal}; what was recorded is kept`)));

// The library that starts the server ends a process that waits for nothing more with exit code 0, whatever was set.
let isGood = false;
process.once('exit', (code) => {
  if (code === 0 && !isGood) process.exitCode = 1;
});

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  isGood = options.help || (await main(options));
} catch (error) {
  for (const cause of causesOf(error)) console.error(cause instanceof Refusal ? cause.message : cause);
  // A round that was interrupted would continue.
  process.exit(1);
}

/** Whether all that was asked for was done, and found good. */
async function main(options: Options): Promise<boolean> {
  const watch = new Watch(machine());
  const commit = commitHere();
  const recording = options.check ? readRecorded(options.recorded) : readRecordedSoFar(options.recorded);
  const { cases, isComplete } = choose(options, recording, commit);
  if (cases.length === 0) {
    console.log(`each case is recorded at ${commitText(commit)}`);
    return true;
  }
  const busy = busyBefore(watch.machine);
  if (options.record && !options.evenLoaded && busy !== undefined) throw new Refusal(`not recorded: ${busy}`);
  console.log(`${headerOf(watch.machine)}, ${options.rounds} rounds\n`);
  console.log(`${planOf(cases, options.rounds)}; commit ${commitText(commit)}\n`);

  const recorder = options.record ? new Recorder(options, { commit: commitText(commit), cases: CASES }) : null;
  const measured: MeasuredCase[] = [];
  const left = await runCases(cases, {
    ...options,
    machine: watch.machine,
    interrupted: interrupted.promise,
    needsMore: (results) => options.check && results.some((result) => isWorse(result, recording)),
    onMeasured: (one) => {
      measured.push(one);
      if (recorder !== null) console.log(recorder.add(one));
    },
  });

  const conditions = watch.conditions(options.rounds);
  console.log(`${reportOf(rowsOf(measured, absentFrom(options)))}\n\n${loadsOf(conditions)}`);
  const results = measured.flatMap((one) => one.results);
  writeFileSync(options.json, `${JSON.stringify({ ...conditions, cases: measured }, null, 2)}\n`);

  const isRecorded = recorder === null || tellUnrecorded(recorder.without(cases));
  const isPassed = !options.check || compare(measured, recording);
  const isMissed = options.assert && results.some(({ reached }) => reached === false);
  if (left.length > 0) console.log(`no time was left for ${namesOf(left)}`);
  return isComplete && isRecorded && isPassed && !isMissed && left.length === 0;
}

interface Chosen {
  readonly cases: readonly BenchCase[];
  /** Whether each case that a check has to compare is recorded. */
  readonly isComplete: boolean;
}

/** Tells what of the chosen cases is not measured, and why. */
function choose(options: Options, recording: Recording, commit: Commit | null): Chosen {
  const chosen = casesOf(CASES, options);
  if (options.missing) {
    const missing = missingOf(chosen, recording, commit);
    return { cases: missing, isComplete: true };
  }
  if (!options.check) return { cases: chosen, isComplete: true };
  const { cases, unrecorded, uncompared } = comparableOf(chosen, recording);
  if (uncompared.length > 0)
    console.log(`not measured, since a check compares no line of them: ${namesOf(uncompared)}`);
  const absent = absentFrom(options);
  if (absent.length > 0) console.log(`not measured, only with --large: ${namesOf(absent)}`);
  if (unrecorded.length > 0)
    console.log(
      `NOT RECORDED, so the check fails: ${namesOf(unrecorded)}. Record them with ${recordCommand(unrecorded)}`,
    );
  return { cases, isComplete: unrecorded.length === 0 };
}

/** The large cases of a run that names no case: the table shows that they exist. */
function absentFrom({ cases, large }: Options): readonly BenchCase[] {
  return cases.length > 0 || large ? [] : CASES.filter((one) => one.large === true);
}

/** false: there are some. */
function tellUnrecorded(cases: readonly BenchCase[]): boolean {
  if (cases.length > 0) console.log(`not recorded: ${namesOf(cases)}. Measure them again with ${recordCommand(cases)}`);
  return cases.length === 0;
}

/** Tells what it found; false: the check does not pass. */
function compare(measured: readonly MeasuredCase[], recording: Recording): boolean {
  const findings = measured.flatMap(({ results, conditions }) => findingsOf(results, recording, conditions));
  for (const { key, message } of findings) console.log(`${key} ${message}`);
  const failed = findings.filter(fails).length;
  const results = measured.flatMap((one) => one.results);
  console.log(`${comparedOf(results, findings)} lines were compared, ${failed} of them failed`);
  return failed === 0;
}
