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
  type Receipt,
  type Scope,
  type WriteSet,
} from '@agent-orchestrator/core';
import {
  assertNotNewer,
  hasEffect,
  loadScope,
  lookForReady,
  newNumbersOf,
  type ScopeLookups,
} from '@agent-orchestrator/storage-sql';
import { keepLog, type Connection } from '../connection.ts';
import { lookupsOf } from './lookups.ts';
import { SCHEMA_VERSION } from '../migrations.ts';
import { knownAfter, knownAfterOthers, type KnownRows, type RareRows } from './rare-rows.ts';
import { save } from './save.ts';
import { prepareStatements, type Statements } from '../statements.ts';

/**
 * With `NORMAL`, the log is brought into the file when it has so many pages. Kept well under 64 MB of log, 8,000 pages
 * of 4 KiB are 32 MB; each checkpoint syncs twice and writes pages that later commits change again, so few of them are
 * cheaper.
 */
const NORMAL_LOG_PAGES = 8_000;
/**
 * With `FULL`: each commit syncs the log, which is quicker while the log is small and written over (1,948 against 1,371
 * claims and releases per second, measured side by side).
 */
const FULL_LOG_PAGES = 1_000;
/** What SQLite answers for `synchronous=NORMAL`. */
const NORMAL = 1;
/** In the log, each page has a head of so many bytes. */
const FRAME_HEAD_BYTES = 24;

/**
 * Where the file of the log is large enough for such a log, and does not grow, the log's length is looked at after so
 * many commits at least: a look takes ten times as long as a small statement.
 */
const COMMITS_PER_LOOK_MIN = 16;

/** A UUIDv7 begins with the time at which it was made. */
const TIME_BYTES = 6;

/** Of the commands that add neither tasks nor sessions. */
const NO_NUMBERS: readonly number[] = [];

/** The bytes before which the ids lie that were made before a time. */
function timeBytes(time: number): Buffer {
  const bytes = Buffer.alloc(TIME_BYTES);
  bytes.writeUIntBE(Math.max(time, 0), 0, TIME_BYTES);
  return bytes;
}

/** The greatest command id that has a receipt; `''` if none has one. */
interface NewestReceipt {
  readonly namespace: string;
  readonly commandId: string;
}

/** Up to when no session of a namespace can be stale; Infinity: none is held. */
interface NoneStale {
  readonly namespace: string;
  readonly until: number;
}

/** Values of the whole database that are kept from call to call, as long as no other process writes. */
interface Carried {
  readonly clock: ClockState;
  readonly greatestFence: number;
  /** The greatest number for people that a task or a session has. */
  readonly greatestNumber: number;
  /**
   * Of the namespace whose receipts were last looked at: of one alone, so that no command looks at more than one, also
   * where others write between any two.
   */
  readonly newestReceipt: NewestReceipt | null;
  /** Of one namespace alone, too. */
  readonly noneStale: NoneStale | null;
  readonly rows: KnownRows;
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
  readonly #logPagesMax: number;
  readonly #frameBytes: number;
  #commitsUntilLook = 0;
  /** Since the log was short, or the connection was opened. */
  #commits = 0;
  /** The size of the log's file when its length was last looked at. */
  #logBytesSeen = 0;

  constructor(db: Connection, path: string, clock: Clock, filling?: string) {
    this.#db = db;
    this.#path = path;
    this.#clock = clock;
    this.#filling = filling;
    this.#on = prepareStatements(db);
    this.#lookups = lookupsOf(this.#on, {
      newestReceipt: (namespace) => this.#newestReceipt(namespace),
      has: (kind) => this.#has(kind),
      isNoneStale: (namespace, now) => this.#isNoneStale(namespace, now),
    });
    this.#reading = clock.read();
    this.#logPagesMax = this.#on.synchronous.get() === NORMAL ? NORMAL_LOG_PAGES : FULL_LOG_PAGES;
    this.#frameBytes = (this.#on.pageSize.get() ?? 0) + FRAME_HEAD_BYTES;
    keepLog(db);
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
    this.#commits += 1;
    this.#commitsUntilLook -= 1;
  }

  /**
   * Whether the log has grown beyond what is quick.
   *
   * @param fileBytes the size of its file, in which it begins anew after each checkpoint
   */
  hasLongLog(fileBytes: number): boolean {
    if (fileBytes < this.#logPagesMax * this.#frameBytes) return false;
    if (fileBytes <= this.#logBytesSeen && this.#commitsUntilLook > 0) return false;
    this.#logBytesSeen = fileBytes;
    const { log = 0, checkpointed = 0 } = this.#on.logPages.get() ?? {};
    const pages = log - checkpointed;
    // Half of the commits after which it is that long, if it grows on as it did.
    const commitsLeft = (this.#commits * (this.#logPagesMax - pages)) / Math.max(pages, 1) / 2;
    this.#commitsUntilLook = Math.max(COMMITS_PER_LOOK_MIN, Math.floor(commitsLeft));
    return pages >= this.#logPagesMax;
  }

  /** Brings into the file what no reader needs in the log, and waits for none. */
  shortenLog(): void {
    this.#on.checkpoint.get();
    this.#commits = 0;
    this.#commitsUntilLook = COMMITS_PER_LOOK_MIN;
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
    const { now, clock, greatestFence } = this.#database();
    const found = loadScope(this.#lookups, scope, now);
    const numbers = found.receipt === null ? this.#freeNumbers(newNumbersOf(scope)) : NO_NUMBERS;
    return { writeSet: decide({ ...found, now, clock, greatestFence, numbers }), found: found.sessions.length > 0 };
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
      const { now, clock, greatestFence } = this.#database();
      const found = lookForReady(this.#lookups, scope, now);
      if (found === null) return null;
      const writeSet = decide({ ...found, now, clock, greatestFence, numbers: NO_NUMBERS });
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
        newestReceipt: null,
        noneStale: null,
        rows: knownAfterOthers(this.#carried?.rows ?? {}),
        eventIdBefore: this.#on.eventIdBefore.get() ?? null,
      };
    }
    const known = this.#dataVersion !== -1;
    this.#dataVersion = dataVersion;
    this.#reading = this.#clock.read();
    return others && known;
  }

  #database(): Pick<Loaded, 'now' | 'clock' | 'greatestFence'> {
    const { clock, greatestFence } = this.#known();
    return {
      now: Math.floor(authorityTime(clock, this.#reading)),
      clock: { ...clock, reading: this.#reading },
      greatestFence,
    };
  }

  /** The numbers after the greatest one. */
  #freeNumbers(count: number): readonly number[] {
    if (count === 0) return NO_NUMBERS;
    const { greatestNumber } = this.#known();
    return Array.from({ length: count }, (_, at) => greatestNumber + 1 + at);
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
      greatestNumber: greatestNumber(greatestNumber(known.greatestNumber, writeSet.tasks), writeSet.sessions),
      newestReceipt: newestReceipt(known.newestReceipt, receipt),
      noneStale: noneStaleAfter(known.noneStale, writeSet),
      rows: knownAfter(known.rows, writeSet),
      eventIdBefore: events.length > 0 ? null : known.eventIdBefore,
    };
  }

  #newestReceipt(namespace: string): string {
    const known = this.#known();
    if (known.newestReceipt?.namespace === namespace) return known.newestReceipt.commandId;
    const commandId = this.#on.newestReceipt.get(namespace) ?? '';
    this.#carried = { ...known, newestReceipt: { namespace, commandId } };
    return commandId;
  }

  #has(kind: RareRows): boolean {
    const known = this.#known();
    const has = known.rows[kind];
    if (has !== undefined) return has;
    const found = this.#on.has[kind].get() === 1;
    this.#carried = { ...known, rows: { ...known.rows, [kind]: found } };
    return found;
  }

  #isNoneStale(namespace: string, now: number): boolean {
    const known = this.#known();
    if (known.noneStale?.namespace === namespace && now < known.noneStale.until) return true;
    const until = this.#on.staleAt.get(namespace) ?? Infinity;
    this.#carried = { ...known, noneStale: { namespace, until } };
    return now < until;
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

/** A lease that ends takes nothing away from it: until then, nothing is stale. */
function noneStaleAfter(before: NoneStale | null, { sessions }: WriteSet<unknown>): NoneStale | null {
  if (before === null) return null;
  let { until } = before;
  for (const { after } of sessions)
    if (after.namespace === before.namespace && after.staleAt !== null) until = Math.min(until, after.staleAt);
  return until === before.until ? before : { ...before, until };
}

function newestReceipt(before: NewestReceipt | null, added: Receipt | null): NewestReceipt | null {
  if (added === null || before === null || added.namespace !== before.namespace) return before;
  return added.commandId > before.commandId ? added : before;
}
