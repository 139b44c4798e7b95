import { createHash, randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../system/environment.ts';
import { makePrivateFolder, writePrivateFile } from '../../system/private-files.ts';
import { stateFolder } from '../../system/state-folder.ts';
import { isSameLog, type LastRead } from '../log-pages.ts';
import type { MetricReads } from './read-log.ts';
import { Tally } from './tally.ts';

/** What was counted of a log from its begin. */
export interface Totals {
  readonly tally: Tally;
  /** The last event that was counted. */
  readonly last: LastRead;
  /** Every event up to this id was counted. */
  readonly upTo: number;
}

/** Grows when events are counted in another way: older files are then not used. */
const FORMAT = 1;

/**
 * Keeps the totals of a store between two calls, in a file of this user. The file only saves time: it is not used
 * unless the log still has the last event that was counted, with the same hash.
 */
export class TotalsFile {
  readonly path: string;
  readonly #folder: string;

  /** @param namespace null: the totals of all */
  constructor(storeUrl: string, namespace: string | null, env?: Environment) {
    const name = createHash('sha256')
      .update(JSON.stringify([storeUrl, namespace]))
      .digest('hex')
      .slice(0, 32);
    this.#folder = join(stateFolder(env), 'orchestrator', 'totals');
    this.path = join(this.#folder, `${name}.json`);
  }

  /** @returns null: there are none that fit this log */
  async load(reads: Pick<MetricReads, 'listEvents'>, asOf: number): Promise<Totals | null> {
    const totals = this.#read();
    if (totals === null || totals.upTo > asOf) return null;
    return (await isSameLog(reads, totals.last, asOf)) ? totals : null;
  }

  /** Where it cannot be written, the next call counts again. */
  save({ tally, last, upTo }: Totals): void {
    const unfinished = `${this.path}.${randomUUID()}`;
    try {
      makePrivateFolder(this.#folder);
      writePrivateFile(unfinished, JSON.stringify({ format: FORMAT, upTo, last, tally }));
      renameSync(unfinished, this.path);
    } catch {
      rmSync(unfinished, { force: true });
    }
  }

  #read(): Totals | null {
    try {
      const { format, upTo, last, tally } = JSON.parse(readFileSync(this.path, 'utf8')) as Totals & { format: number };
      return format === FORMAT ? { upTo, last, tally: Tally.from(tally) } : null;
    } catch {
      return null;
    }
  }
}
