import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Page } from '@agent-orchestrator/core';

/** As many as the API answers at once. */
const PAGE = 500;

/** Where a list begins: after a cursor, or going backwards from a cursor or from the end (null). */
export interface ListStart {
  readonly after?: string;
  readonly before?: string | null;
}

/** The rows of a list to its end, page by page. */
export async function* everyRow<T>(
  list: (page: ListStart & { readonly limit: number }) => Promise<Page<T>>,
  start: ListStart = {},
): AsyncGenerator<T> {
  for (let from: ListStart | null = start; from !== null;) {
    // Reading a long list of a local file must not keep signals from being handled.
    await nextTurn();
    const { items, next }: Page<T> = await list({ limit: PAGE, ...from });
    yield* items;
    if (next === null) from = null;
    else from = start.before === undefined ? { after: next } : { before: next };
  }
}
