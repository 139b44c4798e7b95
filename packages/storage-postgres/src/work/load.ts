import {
  assertOpenForWork,
  decodeStoreState,
  isHeld,
  type Clock,
  type Loaded,
  type LoadedSession,
  type ReadyFilter,
  type Receipt,
  type Scope,
  type SessionKey,
  type SessionRef,
  type StoreState,
  type Task,
} from '@agent-orchestrator/core';
import type { Answer, Query } from '../connection.ts';
import { readHeldPage, readNamedByReceipt } from './further-rows.ts';
import {
  DATABASE_COLUMNS,
  databaseOf,
  receiptsOf,
  sessionsOf,
  tasksOf,
  type Database,
  type DatabaseRow,
  type SessionRow,
} from './loaded-rows.ts';
import { NamedSessions, valuesOfRefs } from './named-sessions.ts';
import { NumberSupply } from './number-supply.ts';
import { ReadyLookup } from './ready-lookup.ts';
import { query, StatementBatch, unique, type Flush } from '../server/statement-batch.ts';
import { listIn, type Value } from '../server/values.ts';
import { SQL, timeOf, type Wanted, type WhenLocked } from '../statements.ts';

/** What a scope finds, apart from what holds for the whole database. */
export type Found = Pick<Loaded, 'sessions' | 'tasks' | 'named' | 'numbers' | 'nextDueAt' | 'receipt'>;

/**
 * `found` is in the order of the scopes. `held`: another transaction has locked what the scope names, and only waiting
 * can tell; `later`: it has to be loaded anew, as the first of a group.
 */
export interface LoadedGroup {
  readonly database: Database;
  /** Whether tasks whose time has come were made claimable. */
  readonly queuedDue: boolean;
  readonly found: readonly (Found | 'held' | 'alone' | 'later')[];
}

/** What holds for all units of work of one storage. */
export interface WorkOptions {
  /** null: the server's. */
  readonly clock: Clock | null;
  /** The id of the move or restore that fills the store. Until it is done, all other processes are refused. */
  readonly filling: string | undefined;
}

type ScopeBy<By extends Scope['by']> = Extract<Scope, { by: By }>;

const NOTHING: Found = { sessions: [], tasks: [], named: [], numbers: [], nextDueAt: null, receipt: null };

/**
 * Begins a transaction (`begin` says how), and locks and loads what the scopes of one namespace name: in one flush,
 * where each statement sees what was committed when it began. So what is read after a lock is what holds under it, and
 * the time is read last.
 */
export async function load(
  flush: Flush,
  begin: Query,
  scopes: readonly Scope[],
  whenLocked: WhenLocked,
  { clock, filling }: WorkOptions,
): Promise<LoadedGroup> {
  const loading = new Loading(scopes, clock);
  await loading.lockAndRead(flush, [begin], whenLocked);
  loading.assertOpenForWork(filling);
  const due = loading.queueDue();
  // What has come due is queued, and all is looked at once more. The locks are kept meanwhile, so it must not wait for
  // others.
  if (due.length > 0) await loading.lockAndRead(flush, due, 'skip');
  await loading.readFurther(flush);
  return { ...loading.result(), queuedDue: due.length > 0 };
}

class Loading {
  readonly #scopes: readonly Scope[];
  readonly #namespace: string;
  readonly #clock: Clock | null;
  readonly #lookups: ReadonlyMap<Scope, ReadyLookup>;
  readonly #named: NamedSessions;
  readonly #numbers: NumberSupply;
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
  /** What was found otherwise than by the sessions' own ids. */
  readonly #complete = new Map<Scope, Found>();

  constructor(scopes: readonly Scope[], clock: Clock | null) {
    this.#scopes = scopes;
    this.#namespace = scopes[0]?.namespace ?? '';
    this.#clock = clock;
    this.#lookups = ReadyLookup.planFor(scopes);
    this.#named = new NamedSessions(this.#namespace, scopes);
    this.#numbers = new NumberSupply(scopes);
  }

  async lockAndRead(flush: Flush, before: readonly Query[], whenLocked: WhenLocked): Promise<void> {
    const batch = new StatementBatch();
    for (const one of before) batch.add(one);
    this.#lock(batch, whenLocked);
    this.#named.readGrants(batch);
    this.#readTasks(batch);
    this.#numbers.draw(batch);
    const commands = unique(this.#scopes.flatMap(({ commandId }) => commandId ?? []));
    batch.add(query(SQL.read, this.#namespace, ...this.#named.values, commands, this.#time()), (answer) => {
      this.#keepDatabase(answer);
      this.#sessions = sessionsOf(answer, DATABASE_COLUMNS);
    });
    await batch.run(flush);
  }

  /** Before anything is written. A process that changes the state waits for all transactions that have read it. */
  assertOpenForWork(filling: string | undefined): void {
    assertOpenForWork(this.#state, filling);
  }

  /**
   * What makes tasks claimable whose time has come, for the first scope alone: it is as if each queued what is due when
   * its turn comes, so a later one that finds something due has to wait for a turn of its own.
   */
  queueDue(): Query[] {
    const [first] = this.#scopes;
    if (first === undefined || !this.#findsDue(first)) return [];
    const text = this.#lookups.has(first) ? SQL.queueDue : SQL.queueDueInSessions;
    const values = first.by === 'sessions' && text === SQL.queueDueInSessions ? [this.#idsOf(first)] : [];
    return [query(text, this.#namespace, this.#time(), ...values), query(SQL.setNextOfQueued, this.#namespace)];
  }

  /**
   * What only the first answers show to be needed: what receipts name, how leases ended, sessions of all namespaces.
   */
  async readFurther(flush: Flush): Promise<void> {
    const batch = new StatementBatch();
    for (const scope of this.#scopes) {
      const receipt = this.#receiptOf(scope);
      const keep = (rows: Partial<Found>) => void this.#complete.set(scope, { ...NOTHING, ...rows });
      if (receipt !== null) readNamedByReceipt(batch, receipt, keep);
      else if (scope.by === 'sessions')
        for (const ref of scope.sessions) this.#named.readEndedLease(batch, ref, (id) => this.#fenceOf(id));
      else if (scope.by === 'held') readHeldPage(batch, this.#heldPage, keep);
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

  #lock(batch: StatementBatch, whenLocked: WhenLocked): void {
    const [wants, values] = whenLocked === 'wait' ? this.#wanted() : [null, []];
    // The second time it has to forget what was found the first time, too.
    if (this.#named.some || wants !== null || this.#database !== null)
      batch.add(
        query(
          SQL.lockSessions({ whenLocked, wants, leavesOutNamed: this.#isOneOfSessions() }),
          this.#namespace,
          ...this.#named.values,
          ...values,
        ),
        (answer) => {
          this.#locked = new Set(listIn(answer[0]?.[0]));
        },
      );
    for (const scope of this.#scopes) {
      if (scope.by === 'held') this.#lockHeldPage(batch, scope);
      if (scope.by === 'ready' && scope.heldBy !== undefined)
        batch.add(query(SQL.lockHeldBy, scope.namespace, scope.heldBy), (answer) => {
          this.#own = listIn(answer[0]?.[0]);
        });
    }
    const stale = { limit: Math.max(...this.#scopes.map(staleLimitOf)), time: this.#time() };
    const [first, ...others] = new Set(this.#lookups.values());
    if (first !== undefined)
      batch.add(first.query(this.#namespace, stale), (answer) => {
        this.#stale = first.read(answer);
      });
    else if (stale.limit > 0)
      batch.add(query(SQL.lockStale(stale.limit), this.#namespace, stale.time), (answer) => {
        this.#stale = listIn(answer[0]?.[0]);
      });
    for (const lookup of others)
      batch.add(lookup.query(this.#namespace, NONE_STALE), (answer) => void lookup.read(answer));
  }

  /** Whether what one command takes next is looked up, and nothing else. */
  #isOneOfSessions(): boolean {
    return this.#scopes.length === 1 && this.#scopes[0]?.by === 'sessions';
  }

  /** A claim that is alone may wait for the heads that it would take, and for what its agent holds. */
  #wanted(): readonly [wants: Wanted | null, values: readonly Value[]] {
    const [scope] = this.#scopes;
    const lookup = scope === undefined ? undefined : this.#lookups.get(scope);
    if (scope?.by !== 'ready' || lookup === undefined) return [null, []];
    const { heldBy } = scope;
    const wants = { heads: lookup.heads, heldBy: heldBy !== undefined };
    return [wants, [...lookup.values, ...(heldBy === undefined ? [] : [heldBy])]];
  }

  #lockHeldPage(batch: StatementBatch, { limit, after }: ScopeBy<'held'>): void {
    const { namespace, sessionId } = after ?? { namespace: '', sessionId: '' };
    batch.add(query(SQL.lockHeldAfter(limit), namespace, sessionId), (answer) => {
      this.#heldPage = answer.map(([of, id]) => ({ namespace: of as string, sessionId: id as string }));
    });
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
    if (ids.length > 0) batch.add(query(SQL.tasks, this.#namespace, unique(ids)), keep);
    if (keys.length > 0) batch.add(query(SQL.tasksOfDedupeKeys, this.#namespace, unique(keys)), keep);
    for (const scope of this.#scopes) {
      if (scope.by !== 'sessions' || scope.openTasksLimit === undefined) continue;
      const asked = query(SQL.waiting(scope.openTasksLimit), scope.namespace, ...valuesOfRefs(scope.sessions));
      batch.add(asked, (answer) => void this.#waiting.set(scope, tasksOf(answer)));
    }
  }

  #keepDatabase(answer: Answer): void {
    const row = answer[0] as unknown as DatabaseRow;
    const [, , , , state, , dueAt, , receipts] = row;
    this.#receipts = receiptsOf(receipts);
    this.#state = decodeStoreState(state);
    this.#dueAt = dueAt;
    this.#database = databaseOf(row, this.#clock);
  }

  /** Whether a task's time has come that this scope would find claimable. */
  #findsDue(scope: Scope): boolean {
    // A command that had its effect before is only answered again.
    if (this.#receiptOf(scope) !== null) return false;
    const isDue = (at: number | null) => at !== null && at <= this.#known().now;
    // What a release takes next is a claim without a session, and sees due tasks of all sessions like any other.
    if (this.#lookups.has(scope)) return isDue(this.#dueAt);
    if (scope.by !== 'sessions') return false;
    const ids = this.#idsOf(scope);
    return (
      !ids.some((id) => this.#isLockedByAnother(id)) && ids.some((id) => isDue(this.#sessions.get(id)?.dueAt ?? null))
    );
  }

  #find(scope: Scope): Found | 'alone' | null {
    switch (scope.by) {
      case 'sessions':
        return this.#findSessions(scope);
      case 'ready':
        return this.#findReady(scope);
      case 'stale': {
        const also = unique(scope.extraSessionIds ?? []).filter((id) => !this.#stale.includes(id));
        const held = this.#rows(also).filter(({ session }) => isHeld(session));
        return { ...NOTHING, sessions: [...this.#rows(this.#stale), ...held] };
      }
      case 'task': {
        const task = this.#tasks.get(scope.taskId);
        if (task !== undefined && this.#isLockedByAnother(task.sessionId)) return null;
        return task === undefined ? NOTHING : { ...NOTHING, sessions: this.#rows([task.sessionId]), tasks: [task] };
      }
      case 'new': {
        if (scope.sessionIds.some((id) => this.#isLockedByAnother(id))) return null;
        const tasks = [...this.#tasks.values()].filter(
          ({ id, dedupeKey }) =>
            scope.taskIds.includes(id) || (dedupeKey !== null && scope.dedupeKeys.includes(dedupeKey)),
        );
        const sessions = this.#rows(unique(scope.sessionIds));
        return { ...NOTHING, sessions, tasks, numbers: this.#numbers.take(scope) };
      }
      case 'held':
        return NOTHING;
    }
  }

  #findSessions(scope: ScopeBy<'sessions'>): Found | 'alone' | null {
    const ids = this.#idsOf(scope);
    if (ids.some((id) => this.#isLockedByAnother(id))) return null;
    const own = ids.flatMap((id) => this.#sessions.get(id) ?? []);
    const next = scope.nextReady === undefined ? [] : this.#lookups.get(scope)?.take(scope.nextReady, ids);
    // A named session is among the heads: alone, the command names no session that its look-up finds.
    if (next === null) return 'alone';
    return {
      ...NOTHING,
      named: this.#named.named(scope.sessions, (id) => this.#sessions.has(id)),
      sessions: [...own, ...this.#rows(next ?? [])],
      tasks: this.#waiting.get(scope) ?? [],
      nextDueAt: own.every(({ head }) => head === null) ? earliest(own.map(({ dueAt }) => dueAt)) : null,
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

  /** The next heads of those that were found; null: there are none, but other transactions have locked some. */
  #take(scope: Scope, filter: ReadyFilter): readonly string[] | null {
    const lookup = this.#lookups.get(scope);
    const ids = lookup?.take(filter) ?? [];
    return ids.length === 0 && lookup?.sawMore === true ? null : ids;
  }

  /** It is there, and this transaction could not lock it. */
  #isLockedByAnother(id: string): boolean {
    return this.#sessions.has(id) && !this.#locked.has(id);
  }

  #receiptOf({ commandId }: Scope): Receipt | null {
    return commandId === undefined ? null : (this.#receipts.get(commandId) ?? null);
  }

  #idsOf({ sessions }: { readonly sessions: readonly SessionRef[] }): readonly string[] {
    return this.#named.idsOf(sessions);
  }

  #fenceOf(sessionId: string): number | null {
    return this.#sessions.get(sessionId)?.session.fence ?? null;
  }

  #rows(ids: readonly string[]): LoadedSession[] {
    return ids.flatMap((id) => this.#sessions.get(id) ?? []);
  }

  #time(): Value {
    return timeOf(this.#clock);
  }

  #known(): Database {
    if (this.#database === null) throw new Error('The database was used before it was read.');
    return this.#database;
  }
}

const NONE_STALE = { limit: 0, time: null };

function staleLimitOf(scope: Scope): number {
  return scope.by === 'stale' ? scope.limit : scope.by === 'ready' ? scope.staleLimit : 0;
}

function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
