import { setTimeout as pause } from 'node:timers/promises';
import { OrchestratorError, type WriteSet, type Loaded, type Scope, type SessionRef } from '@agent-orchestrator/core';
import { isConnectionLost, isLockedTooLong, isPassing, outcomeUnknown, translateError, triesMax } from './errors.ts';
import type { ConnectionPool } from './server/connection-pool.ts';
import type { WhenLocked } from './statements.ts';
import type { WorkOptions } from './work/load.ts';
import { CommitLost, transact, type Carried, type Change, type Outcome, type Unit } from './work/unit-of-work.ts';

/** How many calls share one transaction at most. */
const GROUP_MAX = 128;
/** The first retry comes soon, because most temporary errors are short; later ones wait longer, to spare the server. */
const RETRY_MS_MIN = 2;
const RETRY_MS_MAX = 500;

interface Call extends Unit {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly giveUpAt: number;
  /** Keys that two calls of one group must not share. */
  readonly keys: readonly string[];
  tries: number;
  /** A try was lost on COMMIT. */
  uncertain: boolean;
}

export interface GroupOptions extends WorkOptions {
  /** Connections for groups, which never wait for a row … */
  readonly connections: ConnectionPool;
  /** … and for single calls, which may. */
  readonly waitingConnections: ConnectionPool;
  /** How long a call is tried again for what may pass, in milliseconds. */
  readonly retryMs: number;
  readonly onChange: (change: Exclude<Change, 'nothing'>) => void;
}

/**
 * Group commit: calls that arrive while transactions are under way share the next one. Those of one turn of the event
 * loop take effect in their order, so what concerns each other goes into groups one after the other. A group never
 * waits for a row: a call whose session another transaction has locked runs again by itself, and waits, and so do the
 * calls of a group that failed.
 */
export class Group {
  readonly #options: GroupOptions;
  readonly #carried: Carried = { greatestFence: 0 };
  /** In the order in which they came. */
  #calls: Call[] = [];
  /** What the calls under way have named. */
  readonly #taken = new Map<string, number>();
  #underWay = 0;
  #scheduled = false;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  transact<R>(scope: Scope, decide: (loaded: Loaded) => WriteSet<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.#calls.push({
        scope,
        decide,
        resolve: resolve as (reply: unknown) => void,
        reject,
        giveUpAt: performance.now() + this.#options.retryMs,
        keys: keysOf(scope),
        tries: 0,
        uncertain: false,
      });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#calls.length === 0 || this.#underWay >= this.#options.connections.max) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#start();
    });
  }

  /** Takes all that wait, but for those that name what is under way. */
  async #start(): Promise<void> {
    const isFree = ({ keys }: Call) => !keys.some((key) => this.#taken.has(key));
    const calls = this.#calls.filter(isFree);
    this.#calls = this.#calls.filter((call) => !isFree(call));
    if (calls.length === 0) return;
    for (const { keys } of calls) for (const key of keys) this.#taken.set(key, (this.#taken.get(key) ?? 0) + 1);
    this.#underWay += 1;
    for (let left = calls; left.length > 0;) {
      const group = groupFrom(left);
      const later = await this.#run(group);
      left = [...later, ...left.slice(group.length)];
    }
    this.#underWay -= 1;
    this.#schedule();
  }

  /** @returns those that must be decided after this group, in order */
  async #run(group: readonly Call[]): Promise<readonly Call[]> {
    const [first] = group;
    if (first !== undefined && waits(first)) {
      await this.#runAlone(first);
      return [];
    }
    const { connections } = this.#options;
    try {
      const { outcomes, changed } = await connections.use((connection) =>
        transact(connection, group, 'skip', this.#options, this.#carried),
      );
      if (changed !== 'nothing') this.#options.onChange(changed);
      // Before the calls after it: those of one turn take effect in their order.
      if (first !== undefined && outcomes[0] !== undefined && 'alone' in outcomes[0])
        return [...(await this.#run([first])), ...group.slice(1)];
      return group.filter((call, index) => this.#settle(call, outcomes[index]) === 'later');
    } catch (error) {
      return this.#failed(group, error);
    }
  }

  #settle(call: Call, outcome: Outcome | undefined): 'later' | 'settled' {
    if (outcome === undefined || 'later' in outcome || 'alone' in outcome) return 'later';
    if ('held' in outcome) void this.#runAlone(call, 'wait');
    else if ('error' in outcome) this.#reject(call, outcome.error);
    else this.#answer(call, () => call.resolve(outcome.reply));
    return 'settled';
  }

  /** The same group again after a lost connection or a fence that another process was granted; otherwise one by one. */
  async #failed(group: readonly Call[], error: unknown): Promise<readonly Call[]> {
    const left: Call[] = [];
    for (const call of group) if (this.#mayTryAgain(call, error)) left.push(call);
    const [first] = left;
    if (first === undefined) return [];
    await pauseBefore(first.tries);
    const cause = causeOf(error);
    if (isConnectionLost(cause) || (isPassing(cause) && first.tries === 1)) return left;
    for (const call of left) await this.#runAlone(call);
    return [];
  }

  /**
   * By itself, waiting for the transactions that have locked what it names, until it is answered. A recovery waits only
   * if it finds nothing else, and not for long: it answers that there is more.
   */
  async #runAlone(call: Call, whenLocked: WhenLocked = skipsLocked(call) ? 'skip' : 'wait'): Promise<void> {
    const { waitingConnections } = this.#options;
    for (;;) {
      try {
        const { outcomes, changed } = await waitingConnections.use((connection) =>
          transact(connection, [call], whenLocked, this.#options, this.#carried),
        );
        if (changed !== 'nothing') this.#options.onChange(changed);
        if (this.#settle(call, outcomes[0]) === 'settled') return;
      } catch (error) {
        if (!isPassing(causeOf(error))) return this.#reject(call, translateError(causeOf(error)));
        if (!this.#mayTryAgain(call, error)) return;
        if (call.scope.by === 'stale' && isLockedTooLong(causeOf(error))) whenLocked = 'leave';
        await pauseBefore(call.tries);
      }
    }
  }

  /** Answers the call if not. */
  #mayTryAgain(call: Call, error: unknown): boolean {
    const cause = causeOf(error);
    call.tries += 1;
    call.uncertain ||= error instanceof CommitLost;
    // An error of one row of a group is found when its calls run by themselves.
    const passing = isPassing(cause) || !(cause instanceof OrchestratorError);
    if (passing && call.tries < triesMax(cause) && performance.now() < call.giveUpAt) return true;
    this.#reject(call, call.uncertain ? outcomeUnknown(cause) : translateError(cause));
    return false;
  }

  #reject(call: Call, error: unknown): void {
    this.#answer(call, () => call.reject(error));
  }

  #answer(call: Call, tell: () => void): void {
    for (const key of call.keys) {
      const others = (this.#taken.get(key) ?? 1) - 1;
      if (others === 0) this.#taken.delete(key);
      else this.#taken.set(key, others);
    }
    tell();
    this.#schedule();
  }
}

/** The calls at the front that may share a transaction. */
function groupFrom(calls: readonly Call[]): readonly Call[] {
  const taken = new Set<string>();
  const [first] = calls;
  const end = calls.findIndex((call, index) => {
    if (index === 0) for (const key of call.keys) taken.add(key);
    if (index === 0) return false;
    const belongs =
      index < GROUP_MAX &&
      first !== undefined &&
      !waits(first) &&
      !waits(call) &&
      call.scope.namespace === first.scope.namespace &&
      !call.keys.some((key) => taken.has(key));
    for (const key of call.keys) taken.add(key);
    return !belongs;
  });
  return end === -1 ? calls : calls.slice(0, end);
}

/** Whether a call leaves to others what they have locked, also by itself. */
function skipsLocked({ scope }: Call): boolean {
  return scope.by === 'stale' || scope.by === 'due';
}

/**
 * Whether a call runs by itself. It cannot do without waiting: it wants sessions of all namespaces, just those that are
 * held, or those of tasks, or it changes an entry of the registry. Or what it finds could be what others of its group
 * find, too.
 */
function waits({ scope }: Call): boolean {
  return (
    scope.by === 'held' ||
    scope.by === 'delayed' ||
    scope.by === 'stale' ||
    scope.by === 'due' ||
    scope.by === 'agent' ||
    (scope.by === 'ready' && scope.heldBy !== undefined) ||
    ('extraTaskIds' in scope && scope.extraTaskIds !== undefined && scope.extraTaskIds.length > 0)
  );
}

function causeOf(error: unknown): unknown {
  return error instanceof CommitLost ? error.cause : error;
}

function pauseBefore(tries: number): Promise<void> {
  return pause(Math.random() * Math.min(RETRY_MS_MIN * 2 ** Math.min(tries, 10), RETRY_MS_MAX));
}

function keysOf(scope: Scope): string[] {
  const keys = scope.commandId === undefined ? [] : [`command ${scope.commandId}`];
  if (scope.by === 'sessions') keys.push(...scope.sessions.map(keyOf));
  if (scope.by === 'agent') keys.push(`agent ${scope.name}`);
  if (scope.by === 'task') keys.push(`task ${scope.taskId}`);
  if (scope.by === 'new') {
    keys.push(...scope.sessionIds.map((id) => `session ${id}`));
    keys.push(...scope.taskIds.map((id) => `task ${id}`), ...scope.dedupeKeys.map((key) => `key ${key}`));
    keys.push(...(scope.related ?? []).map((id) => `task ${id}`));
  }
  return keys.map((key) => `${scope.namespace}\n${key}`);
}

/** The session of a fence is not known yet; two calls that name the same one are found when they are decided. */
function keyOf(ref: SessionRef): string {
  return 'sessionId' in ref ? `session ${ref.sessionId}` : `fence ${ref.fence}`;
}
