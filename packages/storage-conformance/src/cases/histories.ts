import { compareCodePoints, type SessionHistory } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import type { World } from '../world.ts';

export const histories = chapter('reads: histories of sessions', {
  'a history is what the reads of one session show, with the first page of its events and tasks': asSingleReads,
});

async function asSingleReads(world: World): Promise<void> {
  await world.addSession('branch', [{}, {}, {}, { delayMs: 60_000 }]);
  await world.addSession('held', [{}]);
  await world.claim({ sessionId: 'held' });
  await world.release(await world.claimNew({ sessionId: 'a b;c' }));
  await world.addSession('not asked for', [{}]);
  const namespace = 'default';
  const { read } = world.peer;
  const ids = ['held', 'branch', 'none', 'a b;c'];

  for (const limit of [1, 3, 4, 500]) {
    const found = await read.histories(namespace, ids, limit);
    const inside = await read.snapshot((reader) => reader.histories(namespace, ids, limit));

    const expected = ids.toSorted().map(async (sessionId) => {
      const stored = await read.session(namespace, sessionId);
      const page = { namespace, sessionId, limit };
      return stored === null ? [] : [{ ...stored, events: await read.events(page), tasks: await read.tasks(page) }];
    });
    expect(found.toSorted(byId)).toEqual((await Promise.all(expected)).flat());
    expect(inside.toSorted(byId)).toEqual(found.toSorted(byId));
  }
  const twice = await read.histories(namespace, [...ids, ...ids], 10);
  expect(twice.map(({ session }) => session.id).toSorted()).toEqual(['a b;c', 'branch', 'held']);
  expect(twice.toSorted(byId)).toEqual((await read.histories(namespace, ids, 10)).toSorted(byId));
  expect(await read.histories(namespace, [], 10)).toEqual([]);
  expect(await read.histories('other', ids, 10)).toEqual([]);
}

function byId({ session: a }: SessionHistory, { session: b }: SessionHistory): number {
  return compareCodePoints(a.id, b.id);
}
