/**
 * Brings the proof of concept's rows over. Its tables hold a state; here the log makes the state. So every old session
 * becomes a log that leads to where it stands today: it is opened with its context, its old events follow one by one, and
 * then ordinary events make its tasks what they are. They are applied by the same `evolve` as any other event, so
 * `verify()` comes to the same state. What an event says that the old tables do not is what is known least about: an
 * attempt that failed was claimed, by somebody, for as long as leases are.
 *
 * Pure: whoever holds the file sorts its rows, hands them in, and saves what comes out.
 */
import { nextFence } from '../model/lease.ts';
import { tokenFor, tokenHash } from '../model/token.ts';
import { noTasks, type TaskStatus } from '../model/statuses.ts';
import { LegacyNotes, type LegacyChange } from './notes.ts';
import { OldRow, type LegacyRecord, type LegacyRow, type LegacyValue } from './old-row.ts';

/** How many of each came over. */
export interface LegacyCame {
  readonly sessions: number;
  readonly contexts: number;
  readonly tasks: Readonly<Record<TaskStatus, number>>;
  /** Of sessions that are held: until their lock expires, or over already. */
  readonly leases: { readonly held: number; readonly stale: number };
  /** Rows of the old log. */
  readonly events: number;
  /** Whose reason and time the failed task tells. */
  readonly deadLetters: number;
}

/** What came over, and what changed on the way. */
export interface LegacyReport {
  readonly came: LegacyCame;
  readonly changes: readonly LegacyChange[];
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] extends number ? number : Mutable<T[Key]> };

/** One import of a whole database. */
export class LegacyImport {
  /** The time of the import, in milliseconds: nothing that happened is later. */
  readonly now: number;
  readonly came: Mutable<LegacyCame> = {
    sessions: 0,
    contexts: 0,
    tasks: noTasks(),
    leases: { held: 0, stale: 0 },
    events: 0,
    deadLetters: 0,
  };
  readonly #notes = new LegacyNotes();
  readonly #seed: string;
  #greatestFence = 0;
  #number = 0;

  /** @param seed 128 random bits in hex, which are forgotten afterwards */
  constructor(now: number, seed: string) {
    this.now = now;
    this.#seed = seed;
  }

  /** A row that fits nowhere. */
  leftOut(table: string, id: string, { row }: LegacyRecord): void {
    this.row(table, row[id], row).note('left_out');
  }

  get report(): LegacyReport {
    return { came: this.came, changes: this.#notes.all };
  }

  row(table: string, id: LegacyValue | undefined, row: LegacyRow): OldRow {
    return new OldRow(table, id, row, { notes: this.#notes, now: this.now });
  }

  nextFence(): number {
    return (this.#greatestFence = nextFence(this.now, this.#greatestFence));
  }

  /** No process knows the token of an imported lease. */
  tokenHash(fence: number): string {
    return tokenHash(tokenFor(this.#seed, fence));
  }

  nextNumber(): number {
    return (this.#number += 1);
  }
}
