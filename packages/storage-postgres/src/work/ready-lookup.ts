import type { ReadyFilter } from '@agent-orchestrator/core';
import { unique, type ScopePlan } from '@agent-orchestrator/storage-sql';
import type { Answer, Query } from '../connection.ts';
import { query } from '../server/statement-batch.ts';
import { listIn, type Value } from '../server/values.ts';
import { SQL, type Heads } from '../statements.ts';

/** One look-up for adjacent claims with the same filter: as many heads as they ask for, handed out in order. */
export class ReadyLookup {
  readonly #addressees: readonly string[];
  readonly #kinds: readonly string[] | undefined;
  readonly #agent: string;
  #limit = 0;
  #ids: readonly string[] = [];
  #sawMore = false;

  private constructor({ addressees, agent = '', kinds }: ReadyFilter) {
    this.#agent = agent;
    // A session that two ranges of the index found would be handed out twice.
    this.#addressees = unique(addressees);
    this.#kinds = kinds === undefined ? undefined : unique(kinds);
  }

  /** The look-ups for these plans, by plan. */
  static planFor(plans: readonly ScopePlan[]): ReadonlyMap<ScopePlan, ReadyLookup> {
    const lookups = new Map<ScopePlan, ReadyLookup>();
    let last: ReadyLookup | null = null;
    for (const plan of plans) {
      if (plan.ready === null) continue;
      const own: ReadyLookup = new ReadyLookup(plan.ready);
      if (last === null || !last.#isLike(own)) last = own;
      last.#limit += plan.ready.limit;
      lookups.set(plan, last);
    }
    return lookups;
  }

  #isLike(other: ReadyLookup): boolean {
    return JSON.stringify(this.values) === JSON.stringify(other.values) && this.heads.ofKinds === other.heads.ofKinds;
  }

  /** Other transactions have locked heads: what was not found may yet be had. */
  get sawMore(): boolean {
    return this.#sawMore;
  }

  get heads(): Heads {
    return { limit: this.#limit, ofKinds: this.#kinds !== undefined };
  }

  /** The addressees, the kinds if any, and the agent, as parameters. */
  get values(): readonly Value[] {
    return [this.#addressees, ...(this.#kinds === undefined ? [] : [this.#kinds]), this.#agent];
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

  /** The next sessions for one scope; null: one of `except` is among them, and they are left to the next scope. */
  take({ limit }: ReadyFilter, except: readonly string[]): readonly string[] | null {
    const ids = this.#ids.slice(0, limit);
    if (ids.some((id) => except.includes(id))) return null;
    this.#ids = this.#ids.slice(limit);
    return ids;
  }
}
