/*
 * Reading a part of the log:
 *  - every event of the part comes once, in order, in pages that are not large
 *  - each read names a short range of ids, and a gap of a thousand million ids, as a restore leaves it, costs few reads
 */
import type { EventRecord, Orchestrator } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { logPages, type LogPage } from '../src/insight/log-pages.ts';

const GAP = 1_000_000_000;
/** Two thousand events, each a second after the one before it, and a gap of ids in the middle. */
const EVENTS = Array.from({ length: 2_000 }, (_, at) => ({
  id: at < 1_000 ? at + 1 : at + 1 + GAP,
  at: (at + 1) * 1_000,
})) as EventRecord[];

type Asked = { readonly after: string; readonly upTo: number; readonly limit: number };

function fakeLog() {
  const asked: Asked[] = [];
  const listEvents = async (filter: Asked) => {
    asked.push(filter);
    const { after, upTo, limit } = filter;
    const found = EVENTS.filter(({ id }) => id > Number(after) && id <= upTo);
    const items = found.slice(0, limit);
    return { items, next: found.length > limit ? String(items.at(-1)?.id) : null, asOf: upTo };
  };
  return { asked, reads: { listEvents } as unknown as Pick<Orchestrator, 'listEvents'> };
}

test('every event of the part comes once, in order, over a gap, in few reads', async () => {
  const { asked, reads } = fakeLog();

  const pages = (await all(logPages(reads, { after: 10, upTo: GAP + 1_990 }))).map(({ events }) => events);

  expect(pages.flat()).toEqual(EVENTS.slice(10, 1_990));
  expect(Math.max(...pages.map(({ length }) => length))).toBe(250);
  expect(asked.length).toBeLessThan(30);
  const ranges = asked.map(({ after, upTo }) => upTo - Number(after));
  expect(ranges.filter((ids) => ids > 1_000).length, 'only where there is nothing').toBeLessThan(15);
});

test('an empty part is not read at all', async () => {
  const { asked, reads } = fakeLog();

  expect(await all(logPages(reads, { after: 5, upTo: 5 }))).toEqual([]);

  expect(asked).toEqual([]);
});

async function all(pages: AsyncIterable<LogPage>): Promise<LogPage[]> {
  const found: LogPage[] = [];
  for await (const page of pages) found.push(page);
  return found;
}
