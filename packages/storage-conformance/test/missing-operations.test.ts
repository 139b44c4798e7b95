/*
 * The comparison of the workers' journals with the log:
 *  - nothing is missing while all is there
 *  - what was acknowledged after the end of a log that was cut is listed, each command once, in the order of the
 * answers
 *  - what no worker was told of is not missed
 */
import { attemptsOf, describeMissing, missingOperations } from '@agent-orchestrator/core/journal';
import { expect, test } from 'vitest';
import { workingDay } from './checker-working-day.ts';

test('nothing is missing while all is there', async () => {
  const { events, journals } = await workingDay();

  expect(missingOperations(events, journals)).toEqual([]);
  expect(describeMissing([])).toBe('No acknowledged operation is missing.');
});

test('what was acknowledged after the end of a log that was cut is listed, in the order of the answers', async () => {
  const { events, journals } = await workingDay();
  const kept = events.slice(0, Math.floor(events.length / 2));
  const idsIn = (log: typeof events) => new Set(log.map(({ commandId }) => commandId));
  const [before, after] = [idsIn(kept), idsIn(events.slice(kept.length))];
  const acknowledged = journals
    .flatMap(attemptsOf)
    .flatMap(({ outcome, request }) => (outcome === 'acknowledged' && 'commandId' in request ? request.commandId : []));

  const missing = missingOperations(kept, journals);

  const ids = missing.map(({ commandId }) => commandId);
  expect(ids.length).toBeGreaterThan(2);
  expect(ids).toEqual(expect.arrayContaining(acknowledged.filter((id) => after.has(id) && !before.has(id))));
  expect(ids.filter((id) => before.has(id) && !after.has(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
  const answeredAt = missing.map(({ attempt }) => attempt.answeredAt ?? 0);
  expect(answeredAt).toEqual(answeredAt.toSorted((a, b) => a - b));
  expect(describeMissing(missing)).toMatch(/^\d+ acknowledged operations are missing \(\d+ \w+(, \d+ \w+)*\)\.$/);
  expect(describeMissing(missing.slice(0, 1))).toMatch(/^1 acknowledged operation is missing \(1 \w+\)\.$/);
});

test('what no worker was told of is not missed', async () => {
  const { journals } = await workingDay();
  const untold = journals.map((journal) => journal.filter(({ is }) => is !== 'answered'));

  expect(untold.flatMap(attemptsOf).length).toBeGreaterThan(10);
  expect(missingOperations([], untold)).toEqual([]);
});
