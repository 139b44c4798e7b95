import type { RowStore, Storage } from '@agent-orchestrator/core';
import type { TestClock } from './test-clock.ts';

/** The storage under test, and all that the suite has to know of it: it never asks which one it is. */
export interface Target<Open extends Opened = Opened> {
  /** How the run is headed. */
  readonly name: string;
  /** New, empty data, migrated, with two independent connections to it. Called once per case. */
  open(): Promise<Open>;
  /**
   * Opens the same data once more, after every other connection was closed. Needed where `capabilities.durable`;
   * without it the restart cases are left out.
   */
  reopen?(opened: Open): Promise<Storage>;
  /**
   * How another process opens the data. Needed where `capabilities.multiProcess`; without it those cases are left out.
   */
  readonly child?: ChildModule<Open>;
  /** How its rows are copied, for moves, restores and backups; without it those cases are left out. */
  readonly rows?: RowsOpener<Open>;
  /**
   * Ways to tamper with the log of this storage, by name: each must be refused (throw).
   * Called with data that holds at least one event.
   */
  readonly attacks?: Readonly<Record<string, (opened: Open) => void | Promise<void>>>;
  /**
   * Cases that this storage does not pass, by title, each with its reason. A title that does not exist fails the run.
   */
  readonly skip?: Readonly<Record<string, string>>;
  readonly walk?: WalkOptions<Open>;
}

/** The random walk beside the model. */
interface WalkOptions<Open extends Opened = Opened> {
  /** How many steps at least; default: 2,000. */
  readonly steps?: number;
  /** The seed of a run to repeat. */
  readonly seed?: number;
  /**
   * As `Target.open`, which is used if this is left out. A command may take several units of work, and where those of
   * other commands of its turn come between them is not promised. A storage that works on several at once opens one
   * here that does not: the model does not either.
   */
  open?(): Promise<Open>;
}

/** Data that was opened for one case. */
export interface Opened {
  readonly storage: Storage;
  /** A second connection, as independent of the first as another program's. */
  readonly peer: Storage;
  /** The clock that both connections read. */
  readonly clock: TestClock;
  /** Closes what is still open, and removes the data. */
  close(): Promise<void>;
}

/** A module that another process loads to open the data. It exports an `OpenInChild` as `open`. */
export interface ChildModule<Open extends Opened = Opened> {
  readonly module: URL;
  /** What the module's `open` needs to find the data. */
  address(opened: Open): string;
}

/** How the rows of data are opened, in whatever state the store is. The suite closes what it opens. */
export interface RowsOpener<Open extends Opened = Opened> {
  open(opened: Open, mode: 'existing' | 'read-only'): Promise<RowStore>;
  /** Further new, empty data, beside those that `Target.open` made: where rows are copied to. One at a time. */
  other(): Promise<Open>;
  /** Opens the data for the move or restore with this id: it may use them before the store is open. */
  openFilling(opened: Open, id: string): Promise<Storage>;
}

/** What a child module exports as `open`. The clock shows the time of the parent's clock. */
export type OpenInChild = (address: string, clock: TestClock) => Promise<Storage>;
