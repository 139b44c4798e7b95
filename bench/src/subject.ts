import type { Contender } from './contender.ts';
import type { Sample } from './sample.ts';

/** Whether a commit survives a power cut. */
export type Synchronous = 'FULL' | 'NORMAL';

/** A store that can be opened, by any process. */
export interface Store {
  readonly url: string;
  /** Of a file alone. */
  readonly synchronous?: Synchronous;
}

export interface FloorOptions {
  /** Texts as long as those that the product writes. */
  readonly sample: Sample;
  readonly callers: number;
  /** Which of several processes this is: their fences and command ids must differ. */
  readonly process: number;
}

/** Rows of one kind, and the length of all their texts. */
export interface Content {
  readonly status: string | null;
  readonly rows: number;
  readonly characters: number;
}

/** A kind of store, and what the product is held against there. */
export interface Subject {
  /** As it stands in the table. */
  readonly name: string;
  /** A store that does not exist yet, under a name of its own. */
  create(name: string): Promise<Store>;
  /** A copy of a store that no process has open, under a name of its own. */
  copy(from: Store, name: string): Promise<Store>;
  remove(store: Store): Promise<void>;
  /** Those who write what the product writes, with no rules at all. */
  openFloor(store: Store, options: FloorOptions): Promise<Contender>;
  /** What stands in a store, by the statements of `same-rows.ts`. */
  contentsOf(store: Store, statements: readonly string[]): Promise<readonly Content[]>;
  /** Writes very many rows, with indexes and triggers put aside meanwhile. */
  fill(store: Store, statements: readonly string[]): Promise<void>;
}
