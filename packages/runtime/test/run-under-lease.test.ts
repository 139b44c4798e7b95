/*
 * What a run says of a release that the store did not take:
 *  - it did not answer until the lease was over: the outcome is unknown
 *  - it refused the release: the outcome is not in the store, and the message says why
 *  - one try had an unknown outcome, and the last one certainly changed nothing: the outcome is unknown, and a last
 *    error that ended the tries says why
 *  - the store answered one try, and the journal lacks the answer: so it says, unless another error ended the tries
 *  - its id was refused, because the clock was set while it waited: it is sent with a new one
 *  - a look at the task got no answer: it is called off before the release is sent
 * And no artifact is read after the lease has expired.
 */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createMemoryData, openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Orchestrator, OrchestratorError, runUnderLease, systemTime, type RunResult } from '../src/index.ts';
import { newCommandId } from '../src/system/command-id.ts';
import { newSeed } from '../src/system/seed.ts';

type Release = Orchestrator['releaseTask'];

const TTL_MS = 1_000;
const NO_ANSWER = 'The store did not answer every try.';

/** Runs a command under a lease that is not renewed, with a store that answers a release so. */
async function run(
  command: readonly string[],
  releaseTask: Release,
  others: Partial<Pick<Orchestrator, 'heartbeat' | 'getTask'>> = {},
  artifacts: readonly string[] = [],
): Promise<RunResult> {
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
      getTask: (id, namespace) => orchestrator.getTask(id, namespace),
      releaseTask,
      ...others,
    },
    claim,
    since,
    namespace: 'default',
    command,
    artifacts,
    store: { address: 'memory:', secret: null },
    files: { payload: null, context: null, answer: null },
    onLost: 'term',
    onNews: () => {},
  });
}

describe.skipIf(process.platform === 'win32')('a release that the store did not take', { concurrent: true }, () => {
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

  test.each([
    ['STORE_IO', 'STORE_IO'],
    ['STORE_IO', 'STORE_BUSY'],
  ] as const)('%s, then %s until the lease is over: unknown', async (first, then) => {
    let tries = 0;

    const result = await run(['true'], () => Promise.reject(new OrchestratorError(tries++ === 0 ? first : then)));

    const message = 'The disk reported an error.';
    expect(result).toMatchObject({ reason: 'store_unreachable', outcomeUnknown: true, message });
  });

  test('all tries were refused until the lease was over: known, and it says why', async () => {
    const result = await run(['true'], () => Promise.reject(new OrchestratorError('STORE_BUSY', 'This is why.')));

    expect(result).toMatchObject({ reason: 'store_unreachable', outcomeUnknown: false, message: 'This is why.' });
  });

  test.each([
    ['OUTCOME_UNKNOWN', 'STORE_MOVED', 'store_moved'],
    ['OUTCOME_UNKNOWN', 'STORE_REPLACED', 'store_unreachable'],
    ['OUTCOME_UNKNOWN', 'STORE_LOGIN_REFUSED', 'store_unreachable'],
    ['JOURNAL_UNWRITABLE', 'STORE_MOVED', 'store_moved'],
    ['JOURNAL_UNWRITABLE', 'STORE_REPLACED', 'store_unreachable'],
  ] as const)('%s, then %s ended the tries: unknown, and it says why', async (first, code, reason) => {
    const left = [new OrchestratorError(first), new OrchestratorError(code, 'This is why.')];

    const result = await run(['true'], () => Promise.reject(left.shift() ?? new Error('a try too many')));

    expect(left).toEqual([]);
    expect(result).toMatchObject({ reason, outcomeUnknown: true, message: 'This is why.' });
  });

  test.each([
    ['OUTCOME_UNKNOWN', 'JOURNAL_UNWRITABLE'],
    ['JOURNAL_UNWRITABLE', 'OUTCOME_UNKNOWN'],
    ['JOURNAL_UNWRITABLE', 'STORE_BUSY'],
  ] as const)('%s, then %s until the lease is over: an answer came, only the journal lacks it', async (first, then) => {
    let tries = 0;

    const result = await run(['true'], () => {
      tries += 1;
      const code = tries === 1 ? first : then;
      return Promise.reject(new OrchestratorError(code, `This is ${code}.`));
    });

    expect(tries).toBeGreaterThan(1);
    const message = 'This is JOURNAL_UNWRITABLE.';
    expect(result).toMatchObject({ reason: 'journal_unwritable', outcomeUnknown: false, message });
  });

  test('its id was refused, because the clock was set while it waited: it is sent with a new one', async () => {
    const ids: unknown[] = [];

    const result = await run(['true'], async ({ commandId }) => {
      ids.push(commandId);
      if (ids.length === 1) throw new OrchestratorError('STORE_BUSY');
      if (commandId === ids[0]) throw new OrchestratorError('COMMAND_ID_EXPIRED');
      return { ok: true, repeated: false, status: 'succeeded', runAt: null, next: null } as never;
    });

    expect(new Set(ids).size).toBe(2);
    expect(result).toMatchObject({ reason: 'ended', outcome: 'succeeded', outcomeUnknown: false });
  });

  test('no artifact is read after the lease has expired', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'artifacts-')), 'endless');
    onTestFinished(() => rmSync(dirname(file), { recursive: true }));
    writeFileSync(file, '');
    truncateSync(file, 2 ** 40);
    let released: unknown;

    const result = await run(
      ['true'],
      async (call) => {
        released = call;
        return { ok: true, repeated: false, status: 'succeeded', runAt: null, next: null } as never;
      },
      {},
      [file, file],
    );

    const missing = [1, 2].map(() => ({ path: file, reason: 'the lease is over' }));
    expect(result).toMatchObject({ artifacts: [], artifactsMissing: missing });
    expect(released).toMatchObject({ result: { artifacts_missing: missing } });
  });

  test('a look at the task got no answer: it is called off before the release is sent', async () => {
    const told: string[] = [];
    const looked = Promise.withResolvers<void>();

    const result = await run(
      ['sh', '-c', 'sleep 1.5'],
      async () => {
        told.push('released');
        return { ok: true, repeated: false, status: 'succeeded', runAt: null, next: null } as never;
      },
      {
        heartbeat: async () =>
          ({ ok: true, expiresAt: Date.now() + TTL_MS, late: false, cancelRequested: false }) as never,
        getTask: async (_id, _namespace, { signal } = {}) => {
          looked.resolve();
          signal?.addEventListener('abort', () => told.push('called off'));
          await pause(60_000, undefined, { ...(signal !== undefined && { signal }), ref: false });
          return null;
        },
      },
    );

    await looked.promise;
    expect(told).toEqual(['called off', 'released']);
    expect(result).toMatchObject({ reason: 'ended', outcome: 'succeeded', outcomeUnknown: false });
  });
});
