import {
  assertOpenForWork,
  authorityTime,
  decodeClockState,
  decodeStoreState,
  NO_CLOCK,
  OrchestratorError,
  timeOfUuid,
  type Clock,
  type ClockReading,
  type Change,
  type ClockState,
  type Loaded,
  type Scope,
  type WriteSet,
} from '@agent-orchestrator/core';
import { assertNotNewer, hasEffect, loadScope, lookForReady, type ScopeLookups } from '@agent-orchestrator/storage-sql';
import type { Connection } from '../connection.ts';
import { lookupsOf } from './lookups.ts';
import { SCHEMA_VERSION } from '../migrations.ts';
import { save } from './save.ts';
import { prepareStatements, type Statements } from '../statements.ts';

/** A UUIDv7 begins with the time at which it was made. */
const TIME_BYTES = 6;

/** The bytes before which the ids lie that were made before a time. */
function timeBytes(time: number): Buffer {
  const bytes = Buffer.alloc(TIME_BYTES);
  bytes.writeUIntBE(Math.max(time, 0), 0, TIME_BYTES);
  return bytes;
}

/** Values of the whole database that are kept from call to call, as long as no other process writes. */
interface Carried {
  readonly clock: ClockState;
  readonly greatestFence: number;
  /** The greatest number for people that a task or a session has. */
  readonly greatestNumber: number;
  /** The event id after which the log continues, if it is not the last one in it. */
  readonly eventIdBefore: number | null;
}

/** One connection that writes: transactions, and the work of one call inside them. */
export class Writer {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #filling: string | undefined;
  readonly #db: Connection;
  readonly #on: Statements;
  readonly #lookups: ScopeLookups;
  /** SQLite's count of other connections' commits when `#carried` was read. */
  #dataVersion = -1;
  #carried: Carried | null = null;
  /**
   * When the id of the oldest receipt was made, or earlier; null: it is not known. Other processes only add receipts
   * and take old ones away, so it outlives what they do.
   */
  #oldestReceiptAt: number | null = null;
  #reading: ClockReading;

  constructor(db: Connection, path: string, clock: Clock, filling?: string) {
    this.#db = db;
    this.#path = path;
    this.#clock = clock;
    this.#filling = filling;
    this.#on = prepareStatements(db);
    this.#lookups = lookupsOf(this.#on);
    this.#reading = clock.read();
  }

  /**
   * Takes the write lock and the time, in this order.
   *
   * @returns whether another connection has written since the last time
   */
  begin(): boolean {
    this.#on.begin.run();
    try {
      return this.#refresh();
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** Runs `attempt`; if it fails, all it wrote is undone while the lock is kept, and `again` runs instead. */
  tryOrUndo<R>(attempt: () => R, again: (error: unknown) => R): R {
    const carried = this.#carried;
    this.#on.savepoint.run();
    try {
      return attempt();
    } catch (error) {
      // A full or failing disk ends the transaction as a whole.
      if (!this.#db.inTransaction) throw error;
      this.#on.rollbackTo.run();
      this.#carried = carried;
      return again(error);
    } finally {
      if (this.#db.inTransaction) this.#on.release.run();
    }
  }

  commit(): void {
    this.#on.commit.run();
  }

  /** Undoes the transaction, unless SQLite did so by itself. */
  rollback(): void {
    this.#carried = null;
    if (this.#db.inTransaction) this.#on.rollback.run();
  }

  /** Loads, lets the call decide, and leaves the saving to `save`. */
  decide<R>(
    scope: Scope,
    decide: (loaded: Loaded) => WriteSet<R>,
  ): { readonly writeSet: WriteSet<R>; readonly found: boolean } {
    const { now, database } = this.#database();
    const found = loadScope(this.#lookups, scope, now);
    const numbers = scope.by === 'new' && found.receipt === null ? this.#freeNumbers(scope) : [];
    return { writeSet: decide({ now, ...database, ...found, numbers }), found: found.sessions.length > 0 };
  }

  /** @returns whether there was anything to save */
  save(writeSet: WriteSet<unknown>): boolean {
    if (!hasEffect(writeSet)) return false;
    save(this.#on, writeSet, this.#known().eventIdBefore);
    this.#carry(writeSet);
    return true;
  }

  /**
   * Answers a poll that finds nothing without taking the lock: its decision has no effect, and was right when it was
   * read.
   *
   * @returns null if only the lock can tell
   */
  poll<R>(
    scope: Extract<Scope, { by: 'ready' }>,
    decide: (loaded: Loaded) => WriteSet<R>,
  ): { readonly reply: R } | null {
    this.#on.beginRead.run();
    try {
      this.#refresh();
      const { now, database } = this.#database();
      const found = lookForReady(this.#lookups, scope, now);
      if (found === null) return null;
      const writeSet = decide({ now, ...database, ...found, numbers: [] });
      return hasEffect(writeSet) ? null : { reply: writeSet.reply };
    } finally {
      if (this.#db.inTransaction) this.#on.commit.run();
    }
  }

  close(): void {
    this.#db.close();
  }

  #refresh(): boolean {
    const dataVersion = this.#on.dataVersion.get() ?? 0;
    const others = dataVersion !== this.#dataVersion;
    if (others || this.#carried === null) {
      assertNotNewer(this.#path, this.#on.schemaVersion.get() ?? 0, SCHEMA_VERSION);
      assertOpenForWork(decodeStoreState(this.#on.storeState.get() ?? null), this.#filling);
      const clock = this.#on.clock.get();
      this.#carried = {
        clock: clock === undefined ? NO_CLOCK : decodeClockState(clock),
        greatestFence: this.#on.greatestFence.get() ?? 0,
        greatestNumber: Math.max(this.#on.greatestTaskNumber.get() ?? 0, this.#on.greatestSessionNumber.get() ?? 0),
        eventIdBefore: this.#on.eventIdBefore.get() ?? null,
      };
    }
    const known = this.#dataVersion !== -1;
    this.#dataVersion = dataVersion;
    this.#reading = this.#clock.read();
    return others && known;
  }

  #database(): { readonly now: number; readonly database: Pick<Loaded, 'clock' | 'greatestFence'> } {
    const { clock, greatestFence } = this.#known();
    return {
      now: Math.floor(authorityTime(clock, this.#reading)),
      database: { clock: { ...clock, reading: this.#reading }, greatestFence },
    };
  }

  /** The numbers after the greatest one, enough for all ids that the scope names. */
  #freeNumbers({ taskIds, sessionIds }: Extract<Scope, { by: 'new' }>): number[] {
    const { greatestNumber } = this.#known();
    return [...new Set([...taskIds, ...sessionIds])].map((_, at) => greatestNumber + 1 + at);
  }

  #carry(writeSet: WriteSet<unknown>): void {
    const { events, receipt, forgetReceiptsAt, clock } = writeSet;
    const known = this.#known();
    let { greatestFence } = known;
    for (const { leaseEffect, fence } of events)
      if (leaseEffect === 'granted' && fence !== null) greatestFence = Math.max(greatestFence, fence);
    if (receipt !== null) this.#forgetReceipts(timeOfUuid(receipt.commandId), forgetReceiptsAt);
    this.#carried = {
      clock: clock ?? known.clock,
      greatestFence,
      greatestNumber: greatestNumber(known.greatestNumber, [...writeSet.tasks, ...writeSet.sessions]),
      eventIdBefore: events.length > 0 ? null : known.eventIdBefore,
    };
  }

  /** A receipt is over by the time in its command id: an id that old is refused. */
  #forgetReceipts(newAt: number, until: number): void {
    const oldestAt = Math.min(newAt, this.#oldestReceiptAt ?? this.#oldestReceipt());
    this.#oldestReceiptAt = oldestAt;
    if (oldestAt > until) return;
    this.#on.forgetReceipts.run(timeBytes(until + 1));
    this.#oldestReceiptAt = this.#oldestReceipt();
  }

  #oldestReceipt(): number {
    const id = this.#on.oldestReceipt.get() ?? null;
    return id === null ? Number.MAX_SAFE_INTEGER : id.readUIntBE(0, TIME_BYTES);
  }

  #known(): Carried {
    if (this.#carried === null) throw new OrchestratorError('INTERNAL', 'A call ran outside a transaction.');
    return this.#carried;
  }
}

/** The greatest number so far, with those of new rows. */
function greatestNumber(before: number, changes: readonly Change<{ readonly number: number }>[]): number {
  return changes.reduce((greatest, { after: { number } }) => Math.max(greatest, number), before);
}
