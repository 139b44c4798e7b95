/** Processes that kill themselves at named moments of a command. */
import { FAILPOINTS } from '@agent-orchestrator/storage-conformance';
import { expect, test } from 'vitest';
import { runCrowd } from './crowd.ts';

test(
  'killed twenty times at each moment of each command, nothing is lost and nothing done twice',
  { timeout: 300_000 },
  async () => {
    const { errors, notOnce, violations, verification, integrity, figures } = await runCrowd({
      workers: 4,
      tasks: null,
      sharedSessions: 8,
      kills: 0,
      failpoints: { at: FAILPOINTS, times: 20 },
      pauses: 2,
      timeoutMs: 280_000,
    });

    expect({ errors, notOnce, violations, findings: verification.findings, integrity }).toEqual({
      errors: [],
      notOnce: [],
      violations: [],
      findings: [],
      integrity: 'ok',
    });
    expect(FAILPOINTS.filter((name) => (figures.reached[name] ?? 0) < 20)).toEqual([]);
  },
);
