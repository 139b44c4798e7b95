/*
 * Workers as processes, on each store that several processes share:
 *  - SIGTERM: the handler gets its time, its result counts, and what waits is left to others
 *  - SIGTERM without time: the task is given back at once, with its context, and no attempt is charged
 *  - SIGKILL: another worker continues from the last checkpoint, by itself
 *  - SIGSTOP beyond the lease: another worker continues
 *  - when the first worker wakes up, its handler is told, and what it writes is refused
 * On a file, where processes can be looked at:
 *  - SIGKILL of a process that recorded itself: another continues at once, whatever the TTL
 * After each, the log proves the state.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createDatabase, type TestDatabase } from '../../storage-postgres/test/harness/databases.ts';
import { serverOfFile } from '../../storage-postgres/test/harness/server-of-file.ts';
import { Program } from '../../storage-sqlite/test/program.ts';
import { openOrchestrator, type Orchestrator } from '../src/index.ts';

const TTL_MS = 1_500;
const PROGRAM = new URL('programs/worker.ts', import.meta.url);

interface ProgramOptions {
  readonly ttlMs: number;
  readonly graceMs: number;
  readonly steps: number;
  readonly isKnown: boolean;
}

let folder: string;
const server = serverOfFile(120_000);
let database: TestDatabase;
let orchestrator: Orchestrator;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'workers-'));
});

afterEach(async () => {
  const { ok, findings } = await orchestrator.verify();
  await orchestrator[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
  if (!ok) throw new Error(`the log does not prove the state: ${JSON.stringify(findings)}`);
});

async function add(id: string): Promise<void> {
  await orchestrator.enqueueTask({ title: id, id, sessionId: 's' });
}

async function eventsOf(...types: NonNullable<Parameters<Orchestrator['listEvents']>[0]>['types'] & object) {
  return (await orchestrator.listEvents({ types })).items;
}

function start(url: string, agent: string, options: Partial<ProgramOptions> = {}): Program {
  const standard = { ttlMs: TTL_MS, graceMs: 60_000, steps: 3, isKnown: false };
  const worker = new Program(PROGRAM, folder, { url, agent, ...standard, ...options });
  onTestFinished(() => worker.signal('SIGKILL'));
  return worker;
}

describe.each(['a file', 'a server'] as const)('on %s', (kind) => {
  let url: string;

  beforeEach(async () => {
    url = `sqlite:${join(folder, 'store.db')}`;
    if (kind === 'a server') {
      database = await createDatabase(server.url);
      onTestFinished(() => database.drop());
      ({ url } = database);
    }
    orchestrator = await openOrchestrator(url);
  });

  /** A worker that has done its steps and waits. */
  async function startAndWait(agent: string, options?: Partial<ProgramOptions>): Promise<Program> {
    const worker = start(url, agent, options);
    await worker.said('waits');
    return worker;
  }

  test('SIGTERM: the handler gets its time, its result counts, and what waits is left to others', async () => {
    await add('first');
    await add('second');
    const worker = await startAndWait('a');

    worker.signal('SIGTERM');
    // By then it has heard the signal: it takes nothing that comes now.
    await worker.said('stopping');
    worker.tell('continue');
    const ended = await worker.exited();

    expect(ended).toEqual({ code: 0, signal: null });
    expect(await orchestrator.getTask('first')).toMatchObject({ status: 'succeeded', result: { step: 3 } });
    expect(await orchestrator.getTask('second')).toMatchObject({ status: 'queued' });
  });

  test('SIGTERM without time: the task is given back at once, and no attempt is charged', async () => {
    await add('first');
    const worker = await startAndWait('a', { graceMs: 0 });

    worker.signal('SIGTERM');
    const ended = await worker.exited();

    expect(ended).toEqual({ code: 0, signal: null });
    expect(await worker.said('aborted')).toMatchObject({ reason: 'shutdown', refused: null });
    expect(await orchestrator.getTask('first')).toMatchObject({ status: 'queued', attempt: 0, interruptions: 0 });
    expect((await orchestrator.getSession('s'))?.context).toMatchObject({ nextAction: 'what was meant to happen' });
  });

  test('SIGKILL: another worker continues from the last checkpoint, by itself', async () => {
    await add('first');
    const first = await startAndWait('a');
    const second = start(url, 'b', { steps: 5 });
    await second.said('ready');

    first.signal('SIGKILL');
    const began = await second.said('began');
    await second.said('waits');
    second.tell('continue');
    await expect.poll(async () => (await orchestrator.getTask('first'))?.status).toBe('succeeded');

    expect(began).toMatchObject({ task: 'first', step: 3 });
    expect(await orchestrator.getTask('first')).toMatchObject({ interruptions: 1, result: { step: 5 } });
    expect(await eventsOf('task.recovered')).toHaveLength(1);
    second.signal('SIGTERM');
    await second.exited();
  });

  test('SIGSTOP beyond the lease: another continues, and what the first still writes is refused', async () => {
    await add('first');
    const first = await startAndWait('a');

    first.signal('SIGSTOP');
    const second = await startAndWait('b', { steps: 4 });
    first.signal('SIGCONT');
    const aborted = await first.said('aborted');
    second.tell('continue');
    await expect.poll(async () => (await orchestrator.getTask('first'))?.status).toBe('succeeded');

    expect(aborted).toMatchObject({ reason: 'lease_lost', refused: 'WorkAborted' });
    expect((await orchestrator.getTask('first'))?.result).toEqual({ step: 4 });
    expect((await orchestrator.getSession('s'))?.context).toMatchObject({ nextAction: 'step 4' });
    expect(await eventsOf('lease.refused')).toHaveLength(1);
    for (const worker of [first, second]) {
      worker.signal('SIGTERM');
      expect(await worker.exited()).toEqual({ code: 0, signal: null });
    }
  });
});

// Where no other machine shares the store, and the system shows its processes.
test.skipIf(process.platform !== 'linux')(
  'SIGKILL of a process that recorded itself: another continues at once, whatever the TTL',
  async () => {
    const url = `sqlite:${join(folder, 'store.db')}`;
    orchestrator = await openOrchestrator(url);
    await add('first');
    const first = start(url, 'a', { ttlMs: 3_600_000, isKnown: true });
    await first.said('waits');
    const second = start(url, 'b');
    await second.said('ready');

    first.signal('SIGKILL');
    const began = await second.said('began');

    expect(began).toMatchObject({ task: 'first', step: 3 });
    expect(await eventsOf('task.recovered')).toMatchObject([{ payload: { reason: 'dead' } }]);
  },
);
