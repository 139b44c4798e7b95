/*
 * The task that has waited for a claim for the longest, on the screen of `status`:
 *  - once it has waited for a minute
 *  - if not all were looked at, the screen says so, also where it names no task
 */
import { emptyStatus, Names } from '@agent-orchestrator/runtime';
import { expect, test } from 'vitest';
import { statusLines } from '../src/views/status.ts';

const UNSEEN = 'not all were looked at, so another task may have waited longer';
const NOW = 1_000_000_000;

test.each([
  [59_000, false, ''],
  [60_000, false, 'OLDEST    t7 x  slow  can be claimed, queued 1m ago'],
  [60_000, true, `OLDEST    t7 x  slow  can be claimed, queued 1m ago; ${UNSEEN}`],
  [0, true, `OLDEST    ${UNSEEN}`],
])('after %d ms, capped: %s', (waitedMs, isCapped, line) => {
  const task = { id: 'x', number: 7, title: 'slow', queuedAt: NOW - waitedMs };
  const status = { ...emptyStatus(), oldestClaimable: { task, isCapped } };

  const lines = statusLines(status, new Names(), NOW, (_style, text) => text);

  expect(lines.filter((one) => one.startsWith('OLDEST')).join('')).toBe(line);
});
