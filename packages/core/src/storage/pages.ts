import type { Page } from './storage.ts';

/** Where the next page of a list begins. */
export interface After {
  readonly after?: string;
}

/** @param first the first page, if it was read already */
export async function* pages<T>(read: (after: After) => Promise<Page<T>>, first?: Page<T>): AsyncGenerator<T> {
  let page = first ?? (await read({}));
  yield* page.items;
  while (page.next !== null) {
    page = await read({ after: page.next });
    yield* page.items;
  }
}
