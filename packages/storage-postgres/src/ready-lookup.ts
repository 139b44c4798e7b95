import type { ReadyFilter, Scope } from '@agent-orchestrator/core';
import type { Answer, Query, Value } from './connection.ts';
import { joined, query, split } from './statement-batch.ts';
import { SQL, type WhenLocked } from './statements.ts';

/** One look-up for claims with the same filter that stand next to each other: as many heads as they ask for, dealt out in order. */
export class ReadyLookup {
  readonly #filter: ReadyFilter;
  #limit = 0;
  #ids: readonly string[] = [];
  #dealt = 0;
  #sawMore = false;

  private constructor(filter: ReadyFilter) {
    this.#filter = filter;
  }

  /** What a scope wants of the idle sessions, if anything. */
  static filterOf(scope: Scope): ReadyFilter | null {
    if (scope.by === 'ready') return scope;
    return (scope.by === 'session' ? scope.nextReady : undefined) ?? null;
  }

  /** The look-ups for these scopes, by scope. */
  static planFor(scopes: readonly Scope[]): ReadonlyMap<Scope, ReadyLookup> {
    const plan = new Map<Scope, ReadyLookup>();
    let last: ReadyLookup | null = null;
    for (const scope of scopes) {
      const filter = ReadyLookup.filterOf(scope);
      if (filter === null) continue;
      if (last === null || !last.#isFor(filter)) last = new ReadyLookup(filter);
      last.#limit += filter.limit;
      plan.set(scope, last);
    }
    return plan;
  }

  #isFor({ addressees, kinds }: ReadyFilter): boolean {
    return JSON.stringify([addressees, kinds]) === JSON.stringify([this.#filter.addressees, this.#filter.kinds]);
  }

  /** There are heads that others hold: what was not found may yet be had. */
  get sawMore(): boolean {
    return this.#sawMore;
  }

  /** With `stale`, so many sessions besides that are stale at that time. */
  query(namespace: string, whenLocked: WhenLocked, stale: { readonly limit: number; readonly time: Value }): Query {
    const { addressees, kinds } = this.#filter;
    const text = SQL.lockReady({
      limit: this.#limit,
      ofKinds: kinds !== undefined,
      staleLimit: stale.limit,
      whenLocked,
    });
    return query(
      text,
      namespace,
      joined(addressees.map((addressee) => `=${addressee}`)),
      ...(kinds === undefined ? [] : [joined(kinds)]),
      ...(stale.limit === 0 ? [] : [stale.time]),
    );
  }

  /** @returns the stale ones */
  read(answer: Answer): readonly string[] {
    const [ids, sawMore, stale] = answer[0] ?? [];
    this.#ids = split(ids);
    this.#sawMore = sawMore === true;
    this.#dealt = 0;
    return split(stale);
  }

  /** The next sessions for one scope. */
  take({ limit }: ReadyFilter): readonly string[] {
    const ids = this.#ids.slice(this.#dealt, this.#dealt + limit);
    this.#dealt += ids.length;
    return ids;
  }
}
