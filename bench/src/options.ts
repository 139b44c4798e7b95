import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROUNDS = 5;
const ROUNDS_QUICK = 2;

export interface Options {
  readonly help: boolean;
  readonly rounds: number;
  /** Names of cases; none: all of them. */
  readonly cases: readonly string[];
  /** Whether a target that is missed fails the run. */
  readonly assert: boolean;
  /** Where the stores go; a memory file system would make syncing free. */
  readonly folder: string;
  readonly json: string;
}

export const USAGE = `npm run bench -- [options]

  --quick        ${ROUNDS_QUICK} rounds instead of ${ROUNDS}
  --case NAME    only this case (again for more)
  --assert       exit code 1 if a target is missed
  --folder PATH  where the stores go; they need about 2 GB
  --json FILE    where the results go, by default bench/results.json`;

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      assert: { type: 'boolean', default: false },
      case: { type: 'string', multiple: true, default: [] },
      folder: { type: 'string', default: fileURLToPath(new URL('../../node_modules/.cache/bench', import.meta.url)) },
      json: { type: 'string', default: fileURLToPath(new URL('../results.json', import.meta.url)) },
    },
  });
  return {
    help: values.help,
    rounds: values.quick ? ROUNDS_QUICK : ROUNDS,
    cases: values.case,
    assert: values.assert,
    folder: resolve(values.folder),
    json: resolve(values.json),
  };
}
