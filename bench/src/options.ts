import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { RECORDED } from './recorded.ts';

const ROUNDS = 5;
const BACKLOG = 1_000_000;

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
  /** Whether the ratios are compared with those that were recorded. */
  readonly check: boolean;
  /** Whether the ratios of this run are recorded. */
  readonly record: boolean;
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
  --rounds N       by default ${ROUNDS}
  --large          also the cases that take minutes
  --backlog N      tasks in a large backlog, by default ${BACKLOG.toLocaleString('en')}
  --check          compare with the recorded ratios; exit code 1 if one is missed
  --record         record the ratios of this run
  --recorded FILE  for --check and --record, by default bench/recorded.json
  --smallest       a few units of each case: shows that it works, its numbers mean nothing
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
      rounds: { type: 'string', default: String(ROUNDS) },
      large: { type: 'boolean', default: false },
      backlog: { type: 'string', default: String(BACKLOG) },
      check: { type: 'boolean', default: false },
      record: { type: 'boolean', default: false },
      recorded: { type: 'string', default: RECORDED },
      smallest: { type: 'boolean', default: false },
      assert: { type: 'boolean', default: false },
      folder: { type: 'string', default: fileURLToPath(new URL('../../node_modules/.cache/bench', import.meta.url)) },
      json: { type: 'string', default: fileURLToPath(new URL('../results.json', import.meta.url)) },
    },
  });
  if (values.record && values.check) throw new Error('--record and --check: a run does one of them');
  const recorded = resolve(values.recorded);
  if (values.smallest && (values.record || values.check) && recorded === RECORDED)
    throw new Error('--smallest: its numbers mean nothing beside those of bench/recorded.json');
  return {
    help: values.help,
    rounds: countOf('--rounds', values.rounds),
    cases: values.case,
    large: values.large,
    backlog: countOf('--backlog', values.backlog),
    smallest: values.smallest,
    check: values.check,
    record: values.record,
    recorded,
    assert: values.assert,
    folder: resolve(values.folder),
    json: resolve(values.json),
  };
}

function countOf(option: string, text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`${option} ${text}: not a positive whole number`);
  return count;
}
