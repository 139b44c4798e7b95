/*
 * What a run says of a release that the store did not take:
 *  - it did not answer until the lease was over: the outcome is unknown
 *  - it refused the release: the outcome is not in the store, and the message says why
 *  - one try had an unknown outcome, and the last one certainly changed nothing: the outcome is unknown
 */
import { createMemoryData, openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { describe, expect, test } from 'vitest';
import { Orchestrator, OrchestratorError, runUnderLease, systemTime, type RunResult } from '../src/index.ts';
import { newCommandId } from '../src/system/command-id.ts';
import { newSeed } from '../src/system/seed.ts';

type Release = Orchestrator['releaseTask'];

const TTL_MS = 1_000;
const NO_ANSWER = 'The store did not answer. It is not known whether the outcome of the task arrived.';

/** Runs a command under a lease that is not renewed, with a store that answers a release so. */
async function run(command: readonly string[], releaseTask: Release): Promise<RunResult> {
  const storage = openMemoryStorage({ data: createMemoryData() });
  await storage.migrate();
  const orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
  await orchestrator.enqueueTask({});
  const since = systemTime.read();
  const claim = await orchestrator.claimTask({ agent: 'a', ttlMs: TTL_MS });
  if (!claim.ok) throw new Error('not claimed');
  return await runUnderLease({
    orchestrator: {
      heartbeat: () => Promise.reject(new OrchestratorError('STORE_UNREACHABLE')),
      checkpoint: (call) => orchestrator.checkpoint(call),
      releaseTask,
    },
    claim,
    since,
    namespace: 'default',
    command,
    store: 'memory:',
    files: { payload: null, context: null },
    onLost: 'term',
    onNews: () => {},
  });
}

describe.skipIf(process.platform === 'win32')('a release that the store did not take', () => {
  test('it did not answer until the lease was over: the outcome is unknown', async () => {
    const result = await run(['sleep', '100'], () => new Promise(() => {}));

    expect(result).toMatchObject({ reason: 'store_unreachable', outcomeUnknown: true, message: NO_ANSWER });
  });

  test('it refused the release: the outcome is not in the store, and the message says why', async () => {
    const result = await run(['true'], () => Promise.reject(new OrchestratorError('STORE_REPLACED', 'It was moved.')));

    expect(result).toMatchObject({ reason: 'store_unreachable', outcomeUnknown: false, message: 'It was moved.' });
  });

  test('one try had an unknown outcome, the last one was refused: the outcome is unknown', async () => {
    const codes = ['OUTCOME_UNKNOWN', 'STORE_BUSY'] as const;
    let tries = 0;

    const result = await run(['true'], () => Promise.reject(new OrchestratorError(codes[tries++] ?? 'STORE_BUSY')));

    expect(tries).toBeGreaterThan(1);
    expect(result).toMatchObject({ reason: 'store_unreachable', outcomeUnknown: true, message: NO_ANSWER });
  });
});
