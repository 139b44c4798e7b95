// What an event of an older log does:
// - a row of its log leaves everything as it is
// - an event that was imported keeps the time at which it happened
import { expect, test } from 'vitest';
import { claimed, ended, event, failed, NOW, opened, queued, succeeded, type Said } from '../support/events.ts';
import { given } from '../support/given.ts';

const HELD = [opened(), queued('a'), claimed('a')];

test('an event of an older log about a task leaves the task as it is', () => {
  const before = given(...HELD);

  const after = before.and(event('legacy.event', { word: 'x' }, { taskId: 'a' }));

  expect(after.task('a')).toEqual(before.task('a'));
  expect(after.session('s').tasksOpen).toBe(1);
});

test('an imported event keeps its own time, though the log continues with later ones', () => {
  const until = [opened(), brought(queued('a', { run_at: 15 }), 10), brought(claimed('a'), 20)];

  expect(given(...until).task('a')).toMatchObject({ createdAt: 10, runAt: 15, queuedAt: 15, startedAt: 20 });
  for (const end of [
    succeeded('a'),
    failed('a', null),
    ended('task.cancelled', 'a', { outcome: 'cancelled', error: null }),
  ])
    expect(given(...until, brought(end, 30)).task('a')).toMatchObject({ finishedAt: 30 });
  expect(given(...until).session('s')).toMatchObject({ createdAt: NOW, updatedAt: NOW });
});

/** The same event, imported: with the time at which it happened. */
function brought({ payload, ...said }: Said, at: number): Said {
  return { ...said, payload: { ...payload, occurred_at: at } } as Said;
}
