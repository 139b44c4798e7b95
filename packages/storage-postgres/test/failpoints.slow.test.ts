/** Processes that kill themselves at named moments of a command, the one after COMMIT was sent among them. */
import { FAILPOINTS, keptIfItFails, runProcesses, seedOfRun } from '@agent-orchestrator/storage-conformance';
import { expect, test } from 'vitest';
import { newDatabase } from './open-database.ts';

test(
  'killed twenty times at each moment of each command, nothing is lost and nothing done twice',
  { timeout: 300_000 },
  async () => {
    const { url } = await newDatabase();

    const { errors, notOnce, violations, verification, figures } = await runProcesses({
      seed: seedOfRun(),
      child: new URL('open-process.ts', import.meta.url),
      address: url,
      folder: keptIfItFails(),
      workers: 4,
      tasks: null,
      sharedSessions: 8,
      kills: 0,
      failpoints: { at: FAILPOINTS, times: 20 },
      pauses: 2,
      // A claim that was halted before its commit, and killed after it: its lease can be stale when it is first seen.
      tolerances: { uncommittedMs: 5_000 },
      ttlMs: 1_000,
      staleAfterMs: 1_000,
      timeoutMs: 280_000,
    });
    console.log(JSON.stringify(figures));

    expect({ errors, notOnce, violations, findings: verification.findings }).toEqual({
      errors: [],
      notOnce: [],
      violations: [],
      findings: [],
    });
    expect(FAILPOINTS.filter((name) => (figures.reached[name] ?? 0) < 20)).toEqual([]);
  },
);
