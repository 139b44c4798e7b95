/**
 * Several processes on one file, killed and halted at random: the short form. The full one is in
 * processes.slow.test.ts.
 */
import { expect, test } from 'vitest';
import { runCrowd } from './crowd.ts';

test('four processes that are killed again and again do every task exactly once', { timeout: 60_000 }, async () => {
  const { errors, notOnce, violations, verification, integrity, figures } = await runCrowd({
    workers: 4,
    tasks: 80,
    sharedSessions: 6,
    kills: 4,
    failpoints: 2,
    pauses: 1,
    timeoutMs: 50_000,
  });

  expect({ errors, notOnce, violations, findings: verification.findings, integrity }).toEqual({
    errors: [],
    notOnce: [],
    violations: [],
    findings: [],
    integrity: 'ok',
  });
  expect(figures.kills).toBeGreaterThanOrEqual(4);
});
