import {
  assertOpenForWork,
  decodeClockState,
  decodeStoreState,
  namedByReceipt,
  type Clock,
  type ClockReading,
  type ClockState,
  type EndedLease,
  type Event,
  type Loaded,
  type LoadedSession,
  type ReadyFilter,
  type Receipt,
  type Scope,
  type Session,
  type SessionKey,
  type StoreState,
  type Task,
} from '@agent-orchestrator/core';
import type { Answer, Query, Value } from './connection.ts';
import { ReadyLookup } from './ready-lookup.ts';
import { rowAt } from './rows.ts';
import { joined, query, StatementBatch, split, unique, type Flush } from './statement-batch.ts';
import { FIELDS, SQL, timeOf, type WhenLocked } from './statements.ts';

/** What belongs to the whole database. */
export interface Database {
  readonly now: number;
  /** The same in microseconds, where it is the server's time. */
  readonly micros: number;
  readonly reading: ClockReading;
  readonly clock: ClockState;
  /** The clock's state as it is stored: what a change of it has to begin with. */
  readonly clockText: string;
  readonly schemaVersion: number;
  readonly greatestToken: number;
  /** null: there is none. */
  readonly oldestReceiptAt: number | null;
}

/** What a scope finds, apart from what holds for the whole database. */
export type Found = Pick<Loaded, 'sessions' | 'tasks' | 'nextDueAt' | 'receipt' | 'endedLease'>;

/**
 * `found` stands in the order of the scopes. `held`: somebody else holds what the scope names, and only waiting can tell;
 * `later`: it has to be loaded anew, as the first of a group.
 */
export interface LoadedGroup {
  readonly database: Database;
  /** Whether tasks whose time has come were made claimable. */
  readonly queuedDue: boolean;
  readonly found: readonly (Found | 'held' | 'later')[];
}

/** What holds for all units of work of one storage. */
export interface WorkOptions {
  /** null: the server's. */
  readonly clock: Clock | null;
  /** The move or restore that fills the store, which is closed to all others until it is full. */
  readonly filling: string | undefined;
}

type ScopeBy<By extends Scope['by']> = Extract<Scope, { by: By }>;

/** A session as it was loaded, and when its next task is due. */
interface SessionRow extends LoadedSession {
  readonly dueAt: number | null;
}

const NOTHING: Found = { sessions: [], tasks: [], nextDueAt: null, receipt: null, endedLease: null };

/**
 * Begins a transaction (`begin` says how), and locks and loads what the scopes of one namespace name: in one flush, where
 * each statement sees what was committed when it began. So what is read after a lock is what holds under it, and the time is
 * read last.
 */
export async function load(
  flush: Flush,
  begin: Query,
  scopes: readonly Scope[],
  whenLocked: WhenLocked,
  { clock, filling }: WorkOptions,
): Promise<LoadedGroup> {
  const loading = new Loading(scopes, whenLocked, clock);
  await loading.lockAndRead(flush, [begin]);
  loading.assertOpenForWork(filling);
  const due = loading.queueDue();
  // What has come due is queued, and all is looked at once more; the locks are kept meanwhile.
  if (due.length > 0) await loading.lockAndRead(flush, due);
  await loading.readFurther(flush);
  return { ...loading.result(), queuedDue: due.length > 0 };
}

class Loading {
  readonly #scopes: readonly Scope[];
  readonly #namespace: string;
  readonly #whenLocked: WhenLocked;
  readonly #clock: Clock | null;
  readonly #lookups: ReadonlyMap<Scope, ReadyLookup>;
  #locked: ReadonlySet<string> = new Set();
  #own: readonly string[] = [];
  #stale: readonly string[] = [];
  #heldPage: readonly SessionKey[] = [];
  #sessions = new Map<string, SessionRow>();
  #tasks = new Map<string, Task>();
  #receipts = new Map<string, Receipt>();
  #database: Database | null = null;
  #state: StoreState | null = null;
  #dueAt: number | null = null;
  readonly #waiting = new Map<Scope, readonly Task[]>();
  readonly #endedLeases = new Map<Scope, EndedLease>();
  /** What was found otherwise than by the sessions' own ids. */
  readonly #complete = new Map<Scope, Found>();

  constructor(scopes: readonly Scope[], whenLocked: WhenLocked, clock: Clock | null) {
    this.#scopes = scopes;
    this.#namespace = scopes[0]?.namespace ?? '';
    this.#whenLocked = whenLocked;
    this.#clock = clock;
    this.#lookups = ReadyLookup.planFor(scopes);
  }

  async lockAndRead(flush: Flush, before: readonly Query[]): Promise<void> {
    const batch = new StatementBatch();
    for (const one of before) batch.add(one);
    const names = unique(this.#scopes.flatMap(sessionsNamed));
    this.#lock(batch, names);
    this.#readTasks(batch);
    const commands = unique(this.#scopes.flatMap(({ commandId }) => commandId ?? []));
    batch.add(
      query(SQL.read, this.#namespace, joined(names), joined(this.#tasksNamed()), joined(commands), this.#time()),
      (answer) => {
        this.#keepDatabase(answer);
        this.#sessions = sessionsOf(answer, DATABASE_COLUMNS);
      },
    );
    await batch.run(flush);
  }

  /** Before anything is written. Whoever changes the mark waits for all that have read it. */
  assertOpenForWork(filling: string | undefined): void {
    assertOpenForWork(this.#state, filling);
  }

  /**
   * What makes tasks claimable whose time has come, for the first scope alone: it is as if each queued what is due when its
   * turn comes, so a later one that finds something due has to wait for a turn of its own.
   */
  queueDue(): Query[] {
    const [first] = this.#scopes;
    if (first === undefined || !this.#findsDue(first)) return [];
    const text = first.by === 'session' && first.then === undefined ? SQL.queueDueInSession : SQL.queueDue;
    const values = text === SQL.queueDueInSession && first.by === 'session' ? [first.sessionId] : [];
    return [query(text, this.#namespace, this.#time(), ...values), query(SQL.setNextOfQueued, this.#namespace)];
  }

  /** What only the first answers show to be needed: what receipts name, how leases ended, sessions of all namespaces. */
  async readFurther(flush: Flush): Promise<void> {
    const batch = new StatementBatch();
    for (const scope of this.#scopes) {
      const receipt = this.#receiptOf(scope);
      if (receipt !== null) this.#readNamed(batch, scope, receipt);
      else if (scope.by === 'session' && scope.fence !== undefined) this.#readEndedLease(batch, scope, scope.fence);
      else if (scope.by === 'held') this.#readHeldPage(batch, scope);
    }
    await batch.run(flush);
  }

  result(): Omit<LoadedGroup, 'queuedDue'> {
    return {
      database: this.#known(),
      found: this.#scopes.map((scope, index) => {
        if (index > 0 && this.#findsDue(scope)) return 'later';
        return this.#complete.get(scope) ?? this.#find(scope) ?? 'held';
      }),
    };
  }

  #lock(batch: StatementBatch, names: readonly string[]): void {
    // The second time it has to forget what was found the first time, too.
    if (names.length > 0 || this.#database !== null)
      batch.add(query(SQL.lockSessions(this.#whenLocked), this.#namespace, joined(names)), (answer) => {
        this.#locked = new Set(split(answer[0]?.[0]));
      });
    const tasks = this.#tasksNamed();
    if (tasks.length > 0)
      batch.add(query(SQL.lockSessionsOfTasks(this.#whenLocked), this.#namespace, joined(tasks)), (answer) => {
        this.#locked = new Set([...this.#locked, ...split(answer[0]?.[0])]);
      });
    for (const scope of this.#scopes) {
      if (scope.by === 'held') {
        const { namespace, sessionId } = scope.after ?? { namespace: '', sessionId: '' };
        batch.add(query(SQL.lockHeldAfter(scope.limit), namespace, sessionId), (answer) => {
          this.#heldPage = answer.map(([namespace, id]) => ({
            namespace: namespace as string,
            sessionId: id as string,
          }));
        });
      }
      if (scope.by === 'ready' && scope.heldBy !== undefined)
        batch.add(query(SQL.lockHeldBy, scope.namespace, scope.heldBy), (answer) => {
          this.#own = split(answer[0]?.[0]);
        });
    }
    const stale = { limit: Math.max(...this.#scopes.map(staleLimitOf)), time: this.#time() };
    const [first, ...others] = new Set(this.#lookups.values());
    if (first !== undefined)
      batch.add(first.query(this.#namespace, this.#whenLocked, stale), (answer) => {
        this.#stale = first.read(answer);
      });
    else if (stale.limit > 0)
      batch.add(query(SQL.lockStale(stale.limit), this.#namespace, stale.time), (answer) => {
        this.#stale = split(answer[0]?.[0]);
      });
    for (const lookup of others)
      batch.add(lookup.query(this.#namespace, this.#whenLocked, NONE_STALE), (answer) => void lookup.read(answer));
  }

  #readTasks(batch: StatementBatch): void {
    this.#tasks = new Map();
    const keep = (answer: Answer) => {
      for (const task of tasksOf(answer)) this.#tasks.set(task.id, task);
    };
    const ids = this.#scopes.flatMap((scope) =>
      scope.by === 'new' ? scope.taskIds : scope.by === 'task' ? [scope.taskId] : [],
    );
    const keys = this.#scopes.flatMap((scope) => (scope.by === 'new' ? scope.dedupeKeys : []));
    if (ids.length > 0) batch.add(query(SQL.tasks, this.#namespace, joined(unique(ids))), keep);
    if (keys.length > 0) batch.add(query(SQL.tasksOfDedupeKeys, this.#namespace, joined(unique(keys))), keep);
    for (const scope of this.#scopes) {
      if (scope.by !== 'session' || scope.openTasksLimit === undefined) continue;
      batch.add(query(SQL.waiting(scope.openTasksLimit), scope.namespace, scope.sessionId), (answer) => {
        this.#waiting.set(scope, tasksOf(answer));
      });
    }
  }

  #readNamed(batch: StatementBatch, scope: Scope, receipt: Receipt): void {
    const named = namedByReceipt(receipt);
    let sessions = new Map<string, SessionRow>();
    batch.add(query(SQL.sessions, receipt.namespace, joined(named.sessions)), (answer) => {
      sessions = sessionsOf(answer);
    });
    batch.add(query(SQL.tasks, receipt.namespace, joined(named.tasks)), (answer) => {
      const tasks = tasksOf(answer);
      this.#complete.set(scope, {
        ...NOTHING,
        receipt,
        sessions: named.sessions.flatMap((id) => sessions.get(id) ?? []),
        tasks: named.tasks.flatMap((id) => tasks.find((task) => task.id === id) ?? []),
      });
    });
  }

  #readEndedLease(batch: StatementBatch, scope: ScopeBy<'session'>, token: number): void {
    const session = this.#sessions.get(scope.sessionId)?.session;
    if (session === undefined || session.fence === token) return;
    batch.add(query(SQL.leaseEvents, scope.namespace, scope.sessionId, token), (answer) => {
      const events = answer.map((row) => rowAt<Event>(FIELDS.event, row));
      const withEffect = (effect: LeaseEffect) => events.find(({ leaseEffect }) => leaseEffect === effect) ?? null;
      const closing = withEffect('ended');
      if (closing === null) return;
      this.#endedLeases.set(scope, {
        closing,
        successor: withEffect('granted'),
        refused: withEffect('refused') !== null,
      });
    });
  }

  #readHeldPage(batch: StatementBatch, scope: Scope): void {
    const sessions: SessionRow[] = [];
    for (const [namespace, keys] of Map.groupBy(this.#heldPage, ({ namespace }) => namespace)) {
      const ids = keys.map(({ sessionId }) => sessionId);
      batch.add(query(SQL.sessions, namespace, joined(ids)), (answer) => {
        const rows = [...sessionsOf(answer).values()];
        sessions.push(...rows.filter(({ session }) => ids.includes(session.id)).toSorted(bySessionId));
      });
    }
    this.#complete.set(scope, { ...NOTHING, sessions });
  }

  #keepDatabase(answer: Answer): void {
    const [now, micros, clockText, schema, state, greatestToken, dueAt, oldestReceiptAt, receipts] =
      answer[0] as unknown as DatabaseRow;
    this.#receipts = new Map(
      (receipts ?? []).map((row) => rowAt<Receipt>(FIELDS.receipt, row)).map((receipt) => [receipt.commandId, receipt]),
    );
    // A server tells its wall clock alone; of a test's clock no more is taken.
    const wall = this.#clock?.read().wall ?? now;
    this.#state = decodeStoreState(state);
    this.#dueAt = dueAt;
    this.#database = {
      now,
      micros: this.#clock === null ? micros : 0,
      reading: { wall, steady: wall, uptime: wall, boot: null },
      clock: decodeClockState(clockText),
      clockText,
      schemaVersion: Number(schema),
      greatestToken: greatestToken ?? 0,
      oldestReceiptAt,
    };
  }

  /** Whether a task's time has come that this scope would find claimable. */
  #findsDue(scope: Scope): boolean {
    // A command that had its effect before is only answered again.
    if (this.#receiptOf(scope) !== null) return false;
    const isDue = (at: number | null) => at !== null && at <= this.#known().now;
    // What a release takes next is a claim without a session, and sees due tasks of all sessions like any other.
    if (this.#lookups.has(scope)) return isDue(this.#dueAt);
    if (scope.by !== 'session' || !this.#locked.has(scope.sessionId)) return false;
    return isDue(this.#sessions.get(scope.sessionId)?.dueAt ?? null);
  }

  #find(scope: Scope): Found | null {
    switch (scope.by) {
      case 'session':
        return this.#findSession(scope);
      case 'ready':
        return this.#findReady(scope);
      case 'stale': {
        const also = unique(scope.extraSessionIds ?? []).filter((id) => !this.#stale.includes(id));
        return { ...NOTHING, sessions: this.#rows([...this.#stale, ...also]) };
      }
      case 'task': {
        const task = this.#tasks.get(scope.taskId);
        if (task !== undefined && this.#isHeldByOthers(task.sessionId)) return null;
        return task === undefined ? NOTHING : { ...NOTHING, sessions: this.#rows([task.sessionId]), tasks: [task] };
      }
      case 'new': {
        if (scope.sessionIds.some((id) => this.#isHeldByOthers(id))) return null;
        const tasks = [...this.#tasks.values()].filter(
          ({ id, dedupeKey }) =>
            scope.taskIds.includes(id) || (dedupeKey !== null && scope.dedupeKeys.includes(dedupeKey)),
        );
        return { ...NOTHING, sessions: this.#rows(unique(scope.sessionIds)), tasks };
      }
      case 'held':
        return NOTHING;
    }
  }

  #findSession(scope: ScopeBy<'session'>): Found | null {
    if (this.#isHeldByOthers(scope.sessionId)) return null;
    const named = this.#sessions.get(scope.sessionId);
    const next = scope.nextReady === undefined ? [] : this.#take(scope, scope.nextReady);
    if (next === null) return null;
    return {
      ...NOTHING,
      sessions: [...(named === undefined ? [] : [named]), ...this.#rows(next.filter((id) => id !== scope.sessionId))],
      tasks: this.#waiting.get(scope) ?? [],
      nextDueAt: named === undefined || named.head !== null ? null : named.dueAt,
      endedLease: this.#endedLeases.get(scope) ?? null,
    };
  }

  #findReady(scope: ScopeBy<'ready'>): Found | null {
    const others = [...this.#own, ...this.#stale];
    // The first claim of a group recovers what is stale; the next ones need not do it again.
    this.#stale = [];
    const heads = this.#take(scope, scope);
    if (heads === null && others.length === 0) return null;
    return {
      ...NOTHING,
      sessions: this.#rows([...others, ...(heads ?? [])]),
      nextDueAt: heads?.length ? null : this.#dueAt,
    };
  }

  /** The next heads of those that were found; null: there are none, but others hold some that may come free. */
  #take(scope: Scope, filter: ReadyFilter): readonly string[] | null {
    const lookup = this.#lookups.get(scope);
    const ids = lookup?.take(filter) ?? [];
    return ids.length === 0 && lookup?.sawMore === true && this.#whenLocked === 'skip' ? null : ids;
  }

  /** It is there, and this transaction could not lock it. */
  #isHeldByOthers(id: string): boolean {
    return this.#sessions.has(id) && !this.#locked.has(id);
  }

  #receiptOf({ commandId }: Scope): Receipt | null {
    return commandId === undefined ? null : (this.#receipts.get(commandId) ?? null);
  }

  #tasksNamed(): readonly string[] {
    return this.#scopes.flatMap((scope) => (scope.by === 'task' ? scope.taskId : []));
  }

  #rows(ids: readonly string[]): LoadedSession[] {
    return ids.flatMap((id) => this.#sessions.get(id) ?? []);
  }

  #time(): Value {
    return timeOf(this.#clock);
  }

  #known(): Database {
    if (this.#database === null) throw new Error('The database was asked for before it was read.');
    return this.#database;
  }
}

type DatabaseRow = [
  now: number,
  micros: number,
  clock: string,
  schema: string,
  state: string | null,
  greatestToken: number | null,
  dueAt: number | null,
  oldestReceiptAt: number | null,
  receipts: readonly (readonly unknown[])[] | null,
];
/** How many columns stand before those of a session. */
const DATABASE_COLUMNS = 9;

const NONE_STALE = { limit: 0, time: null };

function sessionsNamed(scope: Scope): readonly string[] {
  if (scope.by === 'session') return [scope.sessionId];
  if (scope.by === 'new') return scope.sessionIds;
  return scope.by === 'stale' ? (scope.extraSessionIds ?? []) : [];
}

function staleLimitOf(scope: Scope): number {
  return scope.by === 'stale' ? scope.limit : scope.by === 'ready' ? scope.staleLimit : 0;
}

const TASK_AT = FIELDS.session.length;
const DUE_AT = TASK_AT + FIELDS.task.length;

/** The sessions whose columns begin at `start`, by id. One comes in two rows if a task of it runs while others wait. */
function sessionsOf(answer: Answer, start = 0): Map<string, SessionRow> {
  const sessions = new Map<string, SessionRow>();
  for (const row of answer) {
    // An outer join finds nothing where there is nothing: all its columns are null.
    if (row[start] === null) continue;
    const session = rowAt<Session>(FIELDS.session, row, start);
    const one = row[start + TASK_AT] === null ? null : rowAt<Task>(FIELDS.task, row, start + TASK_AT);
    const { task = null, head = null } = sessions.get(session.id) ?? {};
    const runs = one?.id === session.taskId;
    sessions.set(session.id, {
      session,
      task: runs ? one : task,
      head: runs ? head : one,
      dueAt: row[start + DUE_AT] as number | null,
    });
  }
  return sessions;
}

function tasksOf(answer: Answer): Task[] {
  return answer.map((row) => rowAt<Task>(FIELDS.task, row));
}

function bySessionId(a: LoadedSession, b: LoadedSession): number {
  return a.session.id < b.session.id ? -1 : 1;
}
