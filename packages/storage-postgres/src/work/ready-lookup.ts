import type { ReadyFilter, Scope } from '@agent-orchestrator/core';
import type { Answer, Query } from '../connection.ts';
import { query, unique } from '../server/statement-batch.ts';
import { listIn, type Value } from '../server/values.ts';
import { SQL, type Heads } from '../statements.ts';

/** One look-up for adjacent claims with the same filter: as many heads as they ask for, handed out in order. */
export class ReadyLookup {
  readonly #addressees: readonly string[];
  readonly #kinds: readonly string[] | undefined;
  #limit = 0;
  #ids: readonly string[] = [];
  #sawMore = false;

  private constructor({ addressees, kinds }: ReadyFilter) {
    // A session that two ranges of the index found would be handed out twice.
    this.#addressees = unique(addressees);
    this.#kinds = kinds === undefined ? undefined : unique(kinds);
  }

  /** What a scope wants of the idle sessions, if anything. */
  static filterOf(scope: Scope): ReadyFilter | null {
    if (scope.by === 'ready') return scope;
    return (scope.by === 'sessions' ? scope.nextReady : undefined) ?? null;
  }

  /** The look-ups for these scopes, by scope. */
  static planFor(scopes: readonly Scope[]): ReadonlyMap<Scope, ReadyLookup> {
    const plan = new Map<Scope, ReadyLookup>();
    let last: ReadyLookup | null = null;
    for (const scope of scopes) {
      const filter = ReadyLookup.filterOf(scope);
      if (filter === null) continue;
      const own: ReadyLookup = new ReadyLookup(filter);
      if (last === null || !last.#isLike(own)) last = own;
      last.#limit += filter.limit;
      plan.set(scope, last);
    }
    return plan;
  }

  #isLike(other: ReadyLookup): boolean {
    return JSON.stringify([this.#addressees, this.#kinds]) === JSON.stringify([other.#addressees, other.#kinds]);
  }

  /** Other transactions have locked heads: what was not found may yet be had. */
  get sawMore(): boolean {
    return this.#sawMore;
  }

  get heads(): Heads {
    return { limit: this.#limit, ofKinds: this.#kinds !== undefined };
  }

  /** The addressees, and the kinds if any, as parameters. */
  get values(): readonly Value[] {
    return [this.#addressees, ...(this.#kinds === undefined ? [] : [this.#kinds])];
  }

  /** With `stale`, so many sessions besides that are stale at that time. */
  query(namespace: string, stale: { readonly limit: number; readonly time: Value }): Query {
    const text = SQL.lockReady({ ...this.heads, staleLimit: stale.limit });
    return query(text, namespace, ...this.values, ...(stale.limit === 0 ? [] : [stale.time]));
  }

  /** @returns the stale ones */
  read(answer: Answer): readonly string[] {
    const [ids, sawMore, stale] = answer[0] ?? [];
    this.#ids = listIn(ids);
    this.#sawMore = sawMore === true;
    return listIn(stale);
  }

  take(filter: ReadyFilter): readonly string[];
  take(filter: ReadyFilter, except: readonly string[]): readonly string[] | null;
  /** The next sessions for one scope; null: one of `except` is among them, and they are left to the next scope. */
  take({ limit }: ReadyFilter, except: readonly string[] = []): readonly string[] | null {
    const ids = this.#ids.slice(0, limit);
    if (ids.some((id) => except.includes(id))) return null;
    this.#ids = this.#ids.slice(limit);
    return ids;
  }
}
