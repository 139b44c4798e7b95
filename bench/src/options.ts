import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RECORDED } from './recorded.ts';
import { Refusal } from './refusal.ts';

const ROUNDS = 5;
/** Enough to see that nothing fell; a case in which a line seems to have fallen gets more. */
export const ROUNDS_OF_CHECK = 3;
const BACKLOG = 1_000_000;
/** So long a machine may be kept free of other work. */
const MINUTES_TO_RECORD = 25;

export interface Options {
  readonly help: boolean;
  readonly rounds: number;
  /** Names of cases, or their beginnings; none: all of them. */
  readonly cases: readonly string[];
  /** With the cases that take minutes. */
  readonly large: boolean;
  readonly backlog: number;
  /** Whether a few units of each case are enough. */
  readonly smallest: boolean;
  /** Turns take so many times as long as usual; ratios must not depend on it. */
  readonly stretch: number;
  /** Whether the ratios are compared with those that were recorded. */
  readonly check: boolean;
  /** Whether the ratios of this run are recorded. */
  readonly record: boolean;
  /** With `record`: only what is not recorded yet as of this commit. */
  readonly missing: boolean;
  /** No case begins that is not expected to end in so many minutes. */
  readonly minutes: number;
  /** Whether they are recorded although the machine is busy, or the rounds are few. */
  readonly evenLoaded: boolean;
  /** Where ratios are recorded. */
  readonly recorded: string;
  /** Whether a target that is missed fails the run. */
  readonly assert: boolean;
  /** Where the stores go; on a file system in memory, syncing would be free. */
  readonly folder: string;
  readonly json: string;
}

export const USAGE = `npm run bench -- [options]

  --case NAME      only cases whose names begin so (again for more)
  --rounds N       by default ${ROUNDS}, with --check ${ROUNDS_OF_CHECK}
  --large          also the cases that take minutes
  --backlog N      tasks in a large backlog, by default ${BACKLOG.toLocaleString('en')}
  --check          compare with the recorded ratios; exit code 1 if one is missed
  --record         record each case as it ends, in bench/recorded.json and in bench/README.md
  --missing        with --record: only cases that are not recorded at this commit
  --even-loaded    with --record: even on a busy machine, or from fewer than ${ROUNDS} rounds
  --minutes N      begin no case that is not expected to end in time, by default ${MINUTES_TO_RECORD} with --record
  --recorded FILE  for --check and --record, by default bench/recorded.json
  --smallest       a few units of each case: shows that it works, its numbers mean nothing
  --stretch N      turns take N times as long: their length must not change a ratio
  --assert         exit code 1 if a target is missed
  --folder PATH    where the stores go, by default node_modules/.cache/bench
  --json FILE      where the results go, by default bench/results.json`;

/** @throws if an option is unknown, or has no meaning beside the others */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      case: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      large: { type: 'boolean', default: false },
      backlog: { type: 'string', default: String(BACKLOG) },
      check: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      missing: { type: 'boolean', default: false },
      minutes: { type: 'string' },
      'even-loaded': { type: 'boolean', default: false },
      recorded: { type: 'string', default: RECORDED },
      smallest: { type: 'boolean', default: false },
      stretch: { type: 'string', default: '1' },
      assert: { type: 'boolean', default: false },
      folder: { type: 'string', default: fileURLToPath(new URL('../../node_modules/.cache/bench', import.meta.url)) },
      json: { type: 'string', default: fileURLToPath(new URL('../results.json', import.meta.url)) },
    },
  });
  const recorded = resolve(values.recorded);
  const rounds = countOf('--rounds', values.rounds ?? String(values.check ? ROUNDS_OF_CHECK : ROUNDS));
  const stretch = countOf('--stretch', values.stretch);
  refuse([
    [values.record && values.check, '--record and --check: a run does one of them'],
    [values['even-loaded'] && !values.record, '--even-loaded: only with --record'],
    [values.missing && !values.record, '--missing: only with --record'],
    [
      values.record && rounds < ROUNDS && !values['even-loaded'],
      `--record with ${rounds} rounds: at least ${ROUNDS}, or --even-loaded`,
    ],
    [
      recorded === RECORDED && (values.record || values.check) && (values.smallest || stretch > 1),
      '--smallest and --stretch: their numbers mean nothing beside those of bench/recorded.json',
    ],
  ]);
  return {
    help: values.help,
    rounds,
    cases: values.case,
    large: values.large,
    backlog: countOf('--backlog', values.backlog),
    smallest: values.smallest,
    stretch,
    check: values.check,
    record: values.record,
    missing: values.missing,
    minutes: minutesOf(values),
    evenLoaded: values['even-loaded'],
    recorded,
    assert: values.assert,
    folder: resolve(values.folder),
    json: resolve(values.json),
  };
}

function minutesOf({ minutes, record }: { readonly minutes?: string; readonly record: boolean }): number {
  if (minutes !== undefined) return countOf('--minutes', minutes);
  return record ? MINUTES_TO_RECORD : Number.POSITIVE_INFINITY;
}

/** @throws with the first reason that holds */
function refuse(reasons: readonly (readonly [holds: boolean, reason: string])[]): void {
  const found = reasons.find(([holds]) => holds);
  if (found !== undefined) throw new Refusal(found[1]);
}

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new Refusal(`${option} ${text}: not a positive whole number`);
  return count;
}
