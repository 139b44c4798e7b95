import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Page } from '@agent-orchestrator/core';

/** As many as the API answers at once. */
const PAGE = 500;

/** The rows of a list to its end, page by page. */
export async function* everyRow<T>(
  list: (page: { readonly limit: number; readonly after?: string }) => Promise<Page<T>>,
  start?: string,
): AsyncGenerator<T> {
  let after: string | null | undefined = start;
  do {
    // Reading a long list of a local file must not keep signals from being handled.
    await nextTurn();
    const page: Page<T> = await list({ limit: PAGE, ...(after !== undefined && { after }) });
    yield* page.items;
    after = page.next;
  } while (after !== null);
}
