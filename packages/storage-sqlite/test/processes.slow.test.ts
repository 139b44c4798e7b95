/** Several processes on one file, killed and halted at random. */
import { expect, test } from 'vitest';
import { runCrowd } from './crowd.ts';

test('eight processes under 24 kills do 500 tasks, each exactly once', { timeout: 240_000 }, async () => {
  const { errors, notOnce, violations, verification, integrity, figures } = await runCrowd({
    workers: 8,
    tasks: 500,
    sharedSessions: 20,
    kills: 24,
    failpoints: 12,
    pauses: 8,
    timeoutMs: 200_000,
  });

  expect({ errors, notOnce, violations, findings: verification.findings, integrity }).toEqual({
    errors: [],
    notOnce: [],
    violations: [],
    findings: [],
    integrity: 'ok',
  });
  expect(figures.kills).toBeGreaterThanOrEqual(20);
  expect(figures.unanswered).toBeGreaterThan(0);
});

test('the run finds out a storage that forgets what it answered', { timeout: 120_000 }, async () => {
  const run = { workers: 4, tasks: 120, sharedSessions: 6, kills: 0, failpoints: 30, pauses: 0, timeoutMs: 100_000 };

  const { errors, violations } = await runCrowd(run, new URL('open-forgetful.ts', import.meta.url));

  // Tasks that are there already, a second grant, a second release: whichever was in the air when a worker was killed.
  expect([...errors, ...violations].length).toBeGreaterThan(0);
});
