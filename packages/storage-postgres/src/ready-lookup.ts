import type { ReadyFilter, Scope } from '@agent-orchestrator/core';
import type { Answer, Query } from './link.ts';
import { joined, query, split } from './script.ts';
import { SQL, type WhenLocked } from './statements.ts';

/** One look-up for all claims of a group with the same filter: as many heads as they ask for, dealt out in order. */
export class ReadyLookup {
  readonly #filter: ReadyFilter;
  #limit = 0;
  #ids: readonly string[] = [];
  #dealt = 0;
  #sawMore = false;

  constructor(filter: ReadyFilter) {
    this.#filter = filter;
  }

  /** Filters with the same key are one look-up. */
  static keyOf({ addressees, kinds }: ReadyFilter): string {
    return JSON.stringify([addressees, kinds]);
  }

  /** What a scope wants of the idle sessions, if anything. */
  static filterOf(scope: Scope): ReadyFilter | null {
    if (scope.by === 'ready') return scope;
    return (scope.by === 'session' ? scope.then : undefined) ?? null;
  }

  /** One more scope takes part. */
  join({ limit }: ReadyFilter): void {
    this.#limit += limit;
  }

  /** There are heads that others hold: what was not found may yet be had. */
  get sawMore(): boolean {
    return this.#sawMore;
  }

  query(namespace: string, whenLocked: WhenLocked): Query {
    const { addressees, kinds } = this.#filter;
    const text = SQL.lockReady(this.#limit, kinds !== undefined, whenLocked);
    const signed = joined(addressees.map((addressee) => `=${addressee}`));
    return kinds === undefined ? query(text, namespace, signed) : query(text, namespace, signed, joined(kinds));
  }

  read(answer: Answer): void {
    this.#ids = split(answer[0]?.[0]);
    this.#sawMore = answer[0]?.[1] === true;
    this.#dealt = 0;
  }

  /** The next sessions for one scope. */
  deal({ limit }: ReadyFilter): readonly string[] {
    const ids = this.#ids.slice(this.#dealt, this.#dealt + limit);
    this.#dealt += ids.length;
    return ids;
  }
}
