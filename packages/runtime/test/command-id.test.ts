// Ids of commands:
// - they are UUIDv7s, contain the time, and increase while the clock stands still or is corrected by a little
// - when the clock is set back, they follow it at once
// - ids of a time that comes again are new all the same
import { timeOfUuid } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { commandIds, newCommandId } from '../src/system/command-id.ts';

const NOON = Date.UTC(2026, 0, 1, 12);
const HOUR_MS = 3_600_000;

function generator() {
  const clock = { now: NOON };
  return { clock, next: commandIds(() => clock.now) };
}

function many(next: () => string, count: number): string[] {
  return Array.from({ length: count }, () => next());
}

test('an id is a UUIDv7 that contains the time', () => {
  const before = Date.now();

  const id = newCommandId();

  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/u);
  expect(timeOfUuid(id)).toBeGreaterThanOrEqual(before);
  expect(timeOfUuid(id)).toBeLessThanOrEqual(Date.now());
});

test('ids increase while the clock stands still, is corrected by a little, and continues', () => {
  const { clock, next } = generator();

  const ids = many(next, 1_000);
  clock.now -= 1_000;
  ids.push(...many(next, 1_000));
  clock.now += 1_001;
  ids.push(...many(next, 1_000));

  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(3_000);
});

test.each([1_001, 2 * HOUR_MS])('ids follow a clock that is set back by %i ms at once', (backMs) => {
  const { clock, next } = generator();
  next();

  clock.now -= backMs;

  expect(many(next, 2).map(timeOfUuid)).toEqual([NOON - backMs, NOON - backMs]);
});

test('ids of a time that comes again are new', () => {
  const { clock, next } = generator();

  const ids = Array.from({ length: 100 }, (_, round) => {
    clock.now = round % 2 === 0 ? NOON : NOON - HOUR_MS;
    return many(next, 50);
  }).flat();

  expect(new Set(ids).size).toBe(5_000);
});
