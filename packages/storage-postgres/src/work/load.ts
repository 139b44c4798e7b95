import {
  assertOpenForWork,
  decodeStoreState,
  type Agent,
  type Clock,
  type HeldScope,
  type Loaded,
  type Receipt,
  type Scope,
  type SessionKey,
  type StoreState,
} from '@agent-orchestrator/core';
import {
  earliest,
  foundFor,
  planScope,
  unique,
  type Found as FoundForScope,
  type ScopePlan,
} from '@agent-orchestrator/storage-sql';
import type { Answer, Query } from '../connection.ts';
import { DueWork } from './due-work.ts';
import { readDelayed, readDue, readNamedByReceipt, readSessions, type Keep } from './further-rows.ts';
import {
  agentsOf,
  DATABASE_COLUMNS,
  databaseOf,
  receiptsOf,
  sessionsOf,
  type Database,
  type DatabaseRow,
  type SessionRow,
} from './loaded-rows.ts';
import { NamedSessions } from './named-sessions.ts';
import { NamedTasks } from './named-tasks.ts';
import { NumberSupply } from './number-supply.ts';
import { ReadyLookup } from './ready-lookup.ts';
import { dependedOnAmong, Relations } from './relations.ts';
import { query, StatementBatch, type Flush } from '../server/statement-batch.ts';
import { listIn, type Value } from '../server/values.ts';
import { SQL, timeOf, type Wanted, type WhenLocked } from '../statements.ts';

/** What a scope finds, apart from what holds for the whole database. */
export type Found = FoundForScope & Pick<Loaded, 'numbers' | 'skippedStale'>;

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

const NOTHING: Found = {
  sessions: [],
  tasks: [],
  agents: [],
  named: [],
  numbers: [],
  nextDueAt: null,
  isDue: false,
  receipt: null,
};

/**
 * Begins a transaction (`begin` says how), and locks and loads what the scopes of one namespace name: in one flush,
 * where each statement sees what was committed when it began. So what is read after a lock is what holds under it, and
 * the time is read last.
 */
export async function load(
  flush: Flush,
  begin: readonly Query[],
  scopes: readonly Scope[],
  whenLocked: WhenLocked,
  { clock, filling }: WorkOptions,
): Promise<LoadedGroup> {
  const loading = new Loading(scopes, clock);
  await loading.lockAndRead(flush, begin, whenLocked);
  loading.assertOpenForWork(filling);
  const due = loading.queueDue();
  // What has come due is queued, and all is looked at once more. The locks are kept meanwhile, so it must not wait for
  // others.
  if (due.length > 0) await loading.lockAndRead(flush, due, 'skip');
  await loading.readFurther(flush);
  return { ...loading.result(), queuedDue: due.length > 0 };
}

class Loading {
  readonly #plans: readonly ScopePlan[];
  readonly #namespace: string;
  readonly #clock: Clock | null;
  readonly #lookups: ReadonlyMap<ScopePlan, ReadyLookup>;
  readonly #named: NamedSessions;
  readonly #numbers: NumberSupply;
  #locked: ReadonlySet<string> = new Set();
  #own: readonly string[] = [];
  #stale: readonly string[] = [];
  /** Other transactions have locked sessions that are stale. */
  #skippedStale = false;
  #whenLocked: WhenLocked = 'skip';
  /** Sessions of all namespaces, after a clock jump. */
  #page: readonly SessionKey[] = [];
  #sessions = new Map<string, SessionRow>();
  readonly #relations = new Relations();
  readonly #tasks = new NamedTasks(this.#relations);
  #receipts = new Map<string, Receipt>();
  #agents: readonly Agent[] = [];
  #database: Database | null = null;
  #state: StoreState | null = null;
  #dueAt: number | null = null;
  readonly #due = new DueWork();
  /** What was found otherwise than by the sessions' own ids. */
  readonly #complete = new Map<ScopePlan, Found>();

  constructor(scopes: readonly Scope[], clock: Clock | null) {
    this.#plans = scopes.map(planScope);
    this.#namespace = scopes[0]?.namespace ?? '';
    this.#clock = clock;
    this.#lookups = ReadyLookup.planFor(this.#plans);
    this.#named = new NamedSessions(this.#namespace, this.#plans);
    this.#numbers = new NumberSupply(this.#plans);
  }

  async lockAndRead(flush: Flush, before: readonly Query[], whenLocked: WhenLocked): Promise<void> {
    const batch = new StatementBatch();
    for (const one of before) batch.add(one);
    this.#lockAgents(batch);
    this.#lock(batch, whenLocked);
    this.#named.readGrants(batch);
    this.#tasks.read(batch, this.#namespace, this.#plans);
    this.#numbers.draw(batch);
    const commands = unique(this.#plans.flatMap(({ commandId }) => commandId ?? []));
    batch.add(
      query(SQL.read, this.#namespace, ...this.#named.values, commands, this.#time(), this.#agentNames()),
      (answer) => {
        this.#keepDatabase(answer);
        this.#sessions = sessionsOf(answer, DATABASE_COLUMNS);
      },
    );
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
    const [first] = this.#plans;
    if (first === undefined || !this.#findsDue(first)) return [];
    const text = this.#lookups.has(first) ? SQL.queueDue : SQL.queueDueInSessions;
    const values = text === SQL.queueDueInSessions ? [this.#named.idsOf(first.refs)] : [];
    return [query(text, this.#namespace, this.#time(), ...values), query(SQL.setNextOfQueued, this.#namespace)];
  }

  /**
   * What only the first answers show to be needed: what receipts name, how leases ended, sessions of all namespaces.
   */
  async readFurther(flush: Flush): Promise<void> {
    const batch = new StatementBatch();
    for (const plan of this.#plans) {
      const receipt = this.#receiptOf(plan);
      const keep: Keep = (rows) => void this.#complete.set(plan, { ...NOTHING, ...dependedOnAmong(rows), ...rows });
      if (receipt !== null) readNamedByReceipt(batch, receipt, keep);
      else if (plan.heldPage !== null) readSessions(batch, this.#page, keep);
      else if (plan.delayedLimit > 0)
        readDelayed(batch, this.#page, { limit: plan.delayedLimit, time: this.#time(), keep });
      else if (plan.dueLimit > 0) readDue(batch, plan.namespace, this.#due.keys, keep);
      else for (const ref of plan.refs) this.#named.readEndedLease(batch, ref, (id) => this.#fenceOf(id));
    }
    await batch.run(flush);
  }

  result(): Omit<LoadedGroup, 'queuedDue'> {
    return {
      database: this.#known(),
      found: this.#plans.map((plan, index) => {
        if (index > 0 && this.#findsDue(plan)) return 'later';
        return this.#complete.get(plan) ?? this.#find(plan) ?? 'held';
      }),
    };
  }

  /** Before all other locks: who waits for these has locked nothing. */
  #lockAgents(batch: StatementBatch): void {
    const names = this.#agentNames();
    if (names.length === 0) return;
    const changes = this.#plans.some(({ changesAgent }) => changesAgent);
    batch.add(query(changes ? SQL.lockAgents : SQL.keepAgents, this.#namespace, names));
  }

  #agentNames(): readonly string[] {
    return unique(this.#plans.flatMap(({ agents }) => agents));
  }

  #lock(batch: StatementBatch, whenLocked: WhenLocked): void {
    this.#whenLocked = whenLocked;
    const [wants, values] = whenLocked === 'wait' ? this.#wanted() : [null, []];
    // The second time it has to forget what was found the first time, too.
    const { related } = this.#named;
    const withRelated = related.length > 0;
    if (this.#named.some || wants !== null || this.#database !== null)
      batch.add(
        query(
          SQL.lockSessions({ whenLocked, wants, leavesOutNamed: this.#isOneOfSessions(), withRelated }),
          this.#namespace,
          ...this.#named.values,
          ...(withRelated ? [related] : []),
          ...values,
        ),
        (answer) => {
          this.#locked = new Set(listIn(answer[0]?.[0]));
        },
      );
    for (const { namespace, heldPage, delayedLimit, dueLimit, heldBy } of this.#plans) {
      if (heldPage !== null) this.#lockHeldPage(batch, heldPage);
      if (delayedLimit > 0)
        batch.add(query(SQL.lockDelayed(delayedLimit), this.#time()), (answer) => this.#keepPage(answer));
      if (dueLimit > 0) this.#due.lock(batch, namespace, { limit: dueLimit, time: this.#time() });
      if (heldBy !== undefined)
        batch.add(query(SQL.lockHeldBy, namespace, heldBy), (answer) => {
          this.#own = listIn(answer[0]?.[0]);
        });
    }
    const stale = { limit: Math.max(...this.#plans.map(({ staleLimit }) => staleLimit)), time: this.#time() };
    const [first, ...others] = new Set(this.#lookups.values());
    if (first !== undefined)
      batch.add(first.query(this.#namespace, stale), (answer) => {
        this.#stale = first.read(answer);
      });
    else if (stale.limit > 0)
      batch.add(query(SQL.lockStale(stale.limit), this.#namespace, stale.time), (answer) => {
        this.#stale = listIn(answer[0]?.[0]);
        this.#skippedStale = answer[0]?.[1] === true;
      });
    for (const lookup of others)
      batch.add(lookup.query(this.#namespace, { limit: 0, time: null }), (answer) => void lookup.read(answer));
  }

  /** Whether what one command takes next is looked up, and nothing else. */
  #isOneOfSessions(): boolean {
    return this.#plans.length === 1 && this.#plans[0]?.refs.length !== 0;
  }

  /**
   * A claim that is alone may wait for the heads that it would take, and for what its agent holds; a recovery for what
   * it would end.
   */
  #wanted(): readonly [wants: Wanted | null, values: readonly Value[]] {
    const [plan] = this.#plans;
    if (plan !== undefined && isRecovery(plan)) return [{ staleLimit: plan.staleLimit }, [this.#time()]];
    const lookup = plan === undefined ? undefined : this.#lookups.get(plan);
    if (plan === undefined || plan.refs.length > 0 || lookup === undefined) return [null, []];
    const { heldBy } = plan;
    const wants = { heads: lookup.heads, heldBy: heldBy !== undefined };
    return [wants, [...lookup.values, ...(heldBy === undefined ? [] : [heldBy])]];
  }

  #lockHeldPage(batch: StatementBatch, { limit, after }: HeldScope): void {
    const { namespace, sessionId } = after ?? { namespace: '', sessionId: '' };
    batch.add(query(SQL.lockHeldAfter(limit), namespace, sessionId), (answer) => this.#keepPage(answer));
  }

  #keepPage(answer: Answer): void {
    this.#page = answer.map(([namespace, id]) => ({ namespace: namespace as string, sessionId: id as string }));
  }

  #keepDatabase(answer: Answer): void {
    const row = answer[0] as unknown as DatabaseRow;
    const [, , , , state, , dueAt, , , , receipts, agents] = row;
    this.#receipts = receiptsOf(receipts);
    this.#agents = agentsOf(agents);
    this.#state = decodeStoreState(state);
    this.#dueAt = dueAt;
    this.#due.keep(row);
    this.#database = databaseOf(row, this.#clock);
  }

  /** Whether a task's time has come that this scope would find claimable. */
  #findsDue(plan: ScopePlan): boolean {
    // A command that had its effect before is only answered again.
    if (this.#receiptOf(plan) !== null) return false;
    // What a release takes next is a claim without a session, and sees due tasks of all sessions like any other.
    if (this.#lookups.has(plan)) return this.#isDue(this.#dueAt);
    const ids = this.#named.idsOf(plan.refs);
    return (
      !ids.some((id) => this.#isLockedByAnother(id)) &&
      ids.some((id) => this.#isDue(this.#sessions.get(id)?.dueAt ?? null))
    );
  }

  #isDue(at: number | null): boolean {
    return at !== null && at <= this.#known().now;
  }

  #find(plan: ScopePlan): Found | 'alone' | null {
    const ids = this.#named.idsOf(plan.refs);
    const tasks = this.#tasks.of(plan);
    const further = plan.withTheirSessions ? tasks.map(({ sessionId }) => sessionId) : plan.sessionIds;
    const isLocked = (id: string) => this.#isLockedByAnother(id);
    // A recovery leaves to others what they have locked, whether it is stale or there is evidence against its holder.
    if (ids.some(isLocked) || (further.some(isLocked) && !isRecovery(plan))) return null;
    const related = this.#relations.relatedTo(plan);
    // One that was added after the locks were taken may change at any time.
    if (!related.every(({ sessionId }) => this.#locked.has(sessionId))) return null;
    const held = this.#heldAndStale(plan);
    const heads = this.#headsFor(plan, ids);
    if (heads === 'alone') return heads;
    if (heads === 'held' && held.length === 0) return null;
    const own = this.#rows(ids);
    const found = foundFor(plan, {
      named: this.#named.named(plan.refs, (id) => this.#sessions.has(id)),
      own,
      held: this.#rows(held),
      further: this.#rows(further.filter((id) => !isLocked(id))),
      heads: heads === 'held' ? [] : this.#rows(heads),
      tasks: this.#tasks.withWaiting(plan),
      keyHolders: this.#tasks.keyHoldersOf(plan),
      agents: this.#agents.filter(({ name }) => plan.agents.includes(name)),
      ownDueAt: () => earliest(own.map(({ dueAt }) => dueAt)),
      dueAt: () => this.#dueAt,
      isDue: () => this.#due.isAny(this.#known().now),
    });
    const skippedStale = isRecovery(plan) && (this.#skippedStale || further.some(isLocked));
    if (skippedStale && found.sessions.length === 0 && this.#whenLocked === 'skip') return null;
    const of = this.#relations.of(found, (id) => this.#sessions.get(id));
    const awaited = this.#relations.awaitedBy(plan);
    return { ...found, ...of, related, ...awaited, numbers: this.#numbers.take(plan), skippedStale };
  }

  /** For claims and recoveries. The first claim of a group recovers what is stale; the next ones need not. */
  #heldAndStale({ refs, ready, staleLimit }: ScopePlan): readonly string[] {
    if (refs.length > 0 || (ready === null && staleLimit === 0)) return [];
    const found = [...this.#own, ...this.#stale];
    this.#stale = [];
    return found;
  }

  /**
   * The next heads of those that were found. `held`: there are none, but other transactions have locked some. `alone`:
   * a named session is among them, and alone, the command names no session that its look-up finds.
   */
  #headsFor(plan: ScopePlan, named: readonly string[]): readonly string[] | 'held' | 'alone' {
    const lookup = this.#lookups.get(plan);
    if (plan.ready === null || lookup === undefined) return [];
    const ids = lookup.take(plan.ready, named);
    if (ids === null) return 'alone';
    return plan.refs.length === 0 && ids.length === 0 && lookup.sawMore ? 'held' : ids;
  }

  /** It is there, and this transaction could not lock it. */
  #isLockedByAnother(id: string): boolean {
    return this.#sessions.has(id) && !this.#locked.has(id);
  }

  #receiptOf({ commandId }: ScopePlan): Receipt | null {
    return commandId === undefined ? null : (this.#receipts.get(commandId) ?? null);
  }

  #fenceOf(sessionId: string): number | null {
    return this.#sessions.get(sessionId)?.session.fence ?? null;
  }

  #rows(ids: readonly string[]): SessionRow[] {
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

/** Whether it looks for what is stale, and claims nothing. */
function isRecovery({ ready, staleLimit }: ScopePlan): boolean {
  return ready === null && staleLimit > 0;
}
