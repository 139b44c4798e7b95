import { OrchestratorError, type Clock, type Decision, type Loaded, type Scope } from '@agent-orchestrator/core';
import { isConnectionLost, isPassing, outcomeUnknown, translateError } from './errors.ts';
import type { Links } from './links.ts';
import { CommitLost, transact, type Carried, type Committed, type Outcome, type Unit } from './unit-of-work.ts';

/** How many calls share one transaction at most. */
const GROUP_MAX = 128;
/** A first retry comes soon, because most of what passes has passed at once; later ones leave the server in peace. */
const RETRY_MS_MIN = 2;
const RETRY_MS_MAX = 500;

interface Call extends Unit {
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly giveUpAt: number;
  /** What two calls of one group may not have in common. */
  readonly keys: readonly string[];
  /** Has to run by itself, and waits for whoever holds what it names. */
  alone: boolean;
  tries: number;
  /** An earlier try was lost on COMMIT. */
  uncertain: boolean;
}

export interface GroupOptions {
  /** Connections for groups, which never wait for a row … */
  readonly links: Links;
  /** … and for single calls, which may. */
  readonly waitingLinks: Links;
  /** null: the server's. */
  readonly clock: Clock | null;
  /** How long a call is tried again for what may pass, in milliseconds. */
  readonly retryMs: number;
  readonly onChange: () => void;
}

/**
 * Group commit: calls that arrive while a transaction is under way share the next one. A group never waits for a row, so
 * one held session holds up nobody else: its call runs again by itself, and waits. So does each call of a group that failed.
 */
export class Group {
  readonly #options: GroupOptions;
  readonly #carried: Carried = { greatestToken: 0 };
  /** In the order in which they came. */
  #calls: Call[] = [];
  /** What the calls under way have named. */
  readonly #taken = new Set<string>();
  #scheduled = false;
  #unanswered = 0;
  #whenAnswered: (() => void)[] = [];

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  transact<R>(scope: Scope, decide: (loaded: Loaded) => Decision<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.#unanswered += 1;
      this.#enter({
        scope,
        decide,
        resolve: resolve as (reply: unknown) => void,
        reject,
        giveUpAt: performance.now() + this.#options.retryMs,
        keys: keysOf(scope),
        alone: isSingular(scope),
        tries: 0,
        uncertain: false,
      });
    });
  }

  /** Waits until everybody has been answered. */
  async settled(): Promise<void> {
    if (this.#unanswered > 0) await new Promise<void>((resolve) => this.#whenAnswered.push(resolve));
  }

  #enter(call: Call): void {
    this.#calls.push(call);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#start();
    });
  }

  #start(): void {
    for (const call of this.#takeWhere(({ alone }) => alone)) void this.#run([call]);
    while (this.#options.links.free > 0) {
      const group = this.#nextGroup();
      if (group.length === 0) return;
      void this.#run(group);
    }
  }

  /** The first call and all that can go with it, in order. */
  #nextGroup(): Call[] {
    let namespace: string | undefined;
    let size = 0;
    return this.#takeWhere(({ alone, scope }) => {
      namespace ??= scope.namespace;
      return !alone && scope.namespace === namespace && size++ < GROUP_MAX;
    });
  }

  /** Takes calls that have nothing in common with those under way, or with an earlier one that still waits: none may overtake it. */
  #takeWhere(isMeant: (call: Call) => boolean): Call[] {
    const blocked = new Set(this.#taken);
    const chosen: Call[] = [];
    this.#calls = this.#calls.filter((call) => {
      const isFree = !call.keys.some((key) => blocked.has(key));
      for (const key of call.keys) blocked.add(key);
      if (!isFree || !isMeant(call)) return true;
      chosen.push(call);
      return false;
    });
    for (const { keys } of chosen) for (const key of keys) this.#taken.add(key);
    return chosen;
  }

  async #run(calls: readonly Call[]): Promise<void> {
    const { links, waitingLinks, clock } = this.#options;
    const waits = calls.every(({ alone }) => alone);
    try {
      const { outcomes, changed } = await (waits ? waitingLinks : links).use<Committed>((link) =>
        transact(link, calls, waits ? 'wait' : 'skip', clock, this.#carried),
      );
      if (changed) this.#options.onChange();
      for (const [index, call] of calls.entries()) this.#settle(call, outcomes[index]);
    } catch (error) {
      this.#failed(calls, error);
    }
    this.#start();
  }

  #settle(call: Call, outcome: Outcome | undefined): void {
    if (outcome === undefined || 'held' in outcome) this.#again(call);
    else if ('error' in outcome) this.#answer(call, () => call.reject(outcome.error));
    else this.#answer(call, () => call.resolve(outcome.reply));
  }

  #failed(calls: readonly Call[], error: unknown): void {
    const lost = error instanceof CommitLost;
    const cause = lost ? error.cause : error;
    for (const call of calls) {
      call.uncertain ||= lost;
      call.tries += 1;
    }
    if (isPassing(cause)) this.#tryAgain(calls, cause);
    else if (calls.length > 1 && !(cause instanceof OrchestratorError)) for (const call of calls) this.#again(call);
    else for (const call of calls) this.#answer(call, () => call.reject(translateError(cause)));
  }

  /** As it was, if the connection is to blame, or somebody who was granted the same token; else one by one. */
  #tryAgain(calls: readonly Call[], cause: unknown): void {
    const now = performance.now();
    for (const call of calls.filter(({ giveUpAt }) => giveUpAt <= now))
      this.#answer(call, () => call.reject(call.uncertain ? outcomeUnknown(cause) : translateError(cause)));
    const left = calls.filter(({ giveUpAt }) => giveUpAt > now);
    const [first] = left;
    if (first === undefined) return;
    const ms = Math.min(RETRY_MS_MIN * 2 ** Math.min(first.tries, 10), RETRY_MS_MAX);
    if (isConnectionLost(cause) || first.tries === 1) this.#later(left, ms);
    else
      for (const call of left) {
        call.alone = true;
        this.#later([call], ms);
      }
  }

  /** It has not given back what it took, so nobody overtakes it. */
  #later(calls: readonly Call[], ms: number): void {
    setTimeout(() => void this.#run(calls), Math.random() * ms);
  }

  /** By itself and waiting; it has not given back what it took, so nobody overtakes it. */
  #again(call: Call): void {
    call.alone = true;
    void this.#run([call]);
  }

  #answer(call: Call, tell: () => void): void {
    for (const key of call.keys) this.#taken.delete(key);
    tell();
    this.#unanswered -= 1;
    if (this.#unanswered === 0) for (const resolve of this.#whenAnswered.splice(0)) resolve();
  }
}

/** A scope that names its sessions only by what the database holds, or sessions of all namespaces. */
function isSingular(scope: Scope): boolean {
  return (
    scope.by === 'stale' ||
    scope.by === 'held' ||
    scope.by === 'task' ||
    (scope.by === 'ready' && scope.heldBy !== undefined)
  );
}

function keysOf(scope: Scope): string[] {
  const keys = scope.commandId === undefined ? [] : [`command ${scope.commandId}`];
  if (scope.by === 'session') keys.push(`session ${scope.sessionId}`);
  if (scope.by === 'new') {
    keys.push(...scope.sessionIds.map((id) => `session ${id}`));
    keys.push(...scope.taskIds.map((id) => `task ${id}`), ...scope.dedupeKeys.map((key) => `key ${key}`));
  }
  return keys.map((key) => `${scope.namespace} ${key}`);
}
