import { hash } from 'node:crypto';
import { nextFence, noTasks, type TaskStatus } from '@agent-orchestrator/core';
import { Changes, type LegacyChange } from './changes.ts';
import type { NewIds } from './new-ids.ts';
import { OldRow } from './old-row.ts';
import type { OldCells, OldRecord, OldValue } from './old-value.ts';

/** How many of each are imported. */
export interface LegacyCounts {
  readonly sessions: number;
  readonly contexts: number;
  readonly tasks: Readonly<Record<TaskStatus, number>>;
  /** The leases of held sessions: with a lock that has not expired, or stale. */
  readonly leases: { readonly held: number; readonly stale: number };
  /** Rows of the old log. */
  readonly events: number;
  /** Dead letters whose reason and time went into the failed task. */
  readonly deadLetters: number;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] extends number ? number : Mutable<T[Key]> };

/** The state that all sessions of one import share: time, numbers, fences and report. */
export class ImportRun {
  /** The time of the import, in milliseconds: nothing that happened is later. */
  readonly now: number;
  readonly ids: NewIds;
  readonly imported: Mutable<LegacyCounts> = {
    sessions: 0,
    contexts: 0,
    tasks: noTasks(),
    leases: { held: 0, stale: 0 },
    events: 0,
    deadLetters: 0,
  };
  readonly #changes = new Changes();
  #greatestFence = 0;
  #number = 0;

  constructor(now: number, ids: NewIds) {
    this.now = now;
    this.ids = ids;
  }

  get changes(): readonly LegacyChange[] {
    return this.#changes.all;
  }

  /** A row that has no place in a store. */
  leftOut(table: string, id: string, { cells }: OldRecord): void {
    this.row(table, cells[id], cells).note('left_out');
  }

  row(table: string, id: OldValue | undefined, cells: OldCells): OldRow {
    return new OldRow(table, id, cells, { changes: this.#changes, now: this.now });
  }

  nextFence(): number {
    return (this.#greatestFence = nextFence(this.now, this.#greatestFence));
  }

  /** Tasks and sessions are numbered in one sequence. */
  nextNumber(): number {
    return (this.#number += 1);
  }
}

/**
 * The token hash of an imported lease, which has no token. The hashed text does not have the form of a token, so no
 * process can present it.
 */
export function noTokenHash(fence: number): string {
  return hash('sha256', `no token: imported lease ${fence}`, 'hex');
}
