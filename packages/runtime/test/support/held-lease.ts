// A lease on a store in memory that a keeper renews, by a line that the test can cut.
import { createMemoryData, openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, onTestFinished } from 'vitest';
import { keepLease, Orchestrator, OrchestratorError, type KeepLeaseOptions, type LeaseNews } from '../../src/index.ts';
import { FakeTime } from './fake-time.ts';

export const TTL_MS = 100_000;

/** A holder with a lease, of 100 seconds by default, on a store in memory, and what its keeper told. */
export async function hold({ ttlMs = TTL_MS, ...options }: Partial<KeepLeaseOptions> & { ttlMs?: number } = {}) {
  const time = new FakeTime();
  const storage = openMemoryStorage({ data: createMemoryData(), clock: time });
  await storage.migrate();
  const orchestrator = new Orchestrator({ storage, newCommandId: time.newCommandId, newSeed: time.newSeed });
  await orchestrator.enqueueTask({ title: 'Count', sessionId: 's' });
  const since = time.read();
  const claimed = await orchestrator.claimTask({ agent: 'a', instance: 'i', ttlMs });
  if (!claimed.ok) throw new Error('not claimed');

  const line = new Line(orchestrator, time);
  const news: LeaseNews[] = [];
  const keeper = keepLease({
    orchestrator: line,
    lease: claimed.lease,
    since,
    onNews: (one) => news.push(one),
    time,
    random: () => 1,
    ...options,
  });
  onTestFinished(() => keeper.stop());
  return { time, orchestrator, lease: claimed.lease, line, keeper, news, told: () => news.map(({ is }) => is) };
}

/** The line to the store, which may be cut or lose answers. It remembers when something was sent. */
class Line implements Pick<Orchestrator, 'heartbeat' | 'checkpoint'> {
  readonly sentAt: number[] = [];
  readonly progress: unknown[] = [];
  state: 'open' | 'cut' | 'silent' = 'open';
  /** How long an answer takes. */
  delayMs = 0;
  readonly #orchestrator: Orchestrator;
  readonly #time: FakeTime;
  readonly #startedAt: number;

  constructor(orchestrator: Orchestrator, time: FakeTime) {
    this.#orchestrator = orchestrator;
    this.#time = time;
    this.#startedAt = time.read().steady;
  }

  async heartbeat(call: Parameters<Orchestrator['heartbeat']>[0]) {
    this.progress.push(call.progress);
    await this.#pass();
    return this.#orchestrator.heartbeat(call);
  }

  async checkpoint(call: Parameters<Orchestrator['checkpoint']>[0]) {
    await this.#pass();
    return this.#orchestrator.checkpoint(call);
  }

  async #pass(): Promise<void> {
    this.sentAt.push(this.#time.read().steady - this.#startedAt);
    const { state, delayMs } = this;
    if (state === 'cut') throw new OrchestratorError('STORE_UNREACHABLE');
    if (state === 'silent') await new Promise(() => {});
    if (delayMs > 0) await new Promise<void>((answer) => this.#time.after(delayMs, answer));
  }
}

export async function loseTo(orchestrator: Orchestrator, agent: string): Promise<void> {
  const taken = await orchestrator.claimTask({ agent, sessionId: 's' });
  expect(taken).toMatchObject({ ok: true });
}
