/** The other half of the checker's worth: whatever the real rules make of random calls, it finds nothing in it. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkInvariants, type JournaledCallName, type SentCalls } from '../src/index.ts';
import { inventedToken } from '../src/factories.ts';
import { Recorder, type RecordedWorker, type Unidentified } from './checker-recorder.ts';

const AGENTS = ['company-agent', 'home-agent', 'keeper'] as const;
const TTL = { ttlMs: 5_000, staleAfterMs: 8_000 };
const CLAIM = { roles: ['reviewer'], ...TTL };
const OUTCOMES = ['succeeded', 'failed', 'released'] as const;
const ENDS = ['succeeded', 'failed', 'released', 'handed_off', 'waiting', 'cancelled'] as const;
const VERDICTS = ['approved', 'changes_requested', 'failed', 'handed_off', 'waiting', 'approved'] as const;

/** What a step does; the numbers pick from what there is at that moment. */
const step = fc.record({
  what: fc.constantFrom<JournaledCallName | 'resend' | 'restart' | 'claim_own' | 'release_next' | 'release_all'>(
    'enqueue',
    'claim',
    'claim',
    'claim_own',
    'heartbeat',
    'checkpoint',
    'release',
    'release',
    'release_next',
    'release_all',
    'recover',
    'cancel',
    'retry',
    'answer',
    'close',
    'resend',
    'restart',
  ),
  agent: fc.nat(AGENTS.length - 1),
  pick: fc.nat(),
  /** How its time begins. */
  time: fc.oneof(
    { weight: 40, arbitrary: fc.record({ advance: fc.nat(1_500) }) },
    { weight: 8, arbitrary: fc.record({ advance: fc.nat(12_000) }) },
    { weight: 1, arbitrary: fc.record({ sleep: fc.nat(20_000) }) },
    { weight: 1, arbitrary: fc.record({ setWall: fc.integer({ min: -30_000, max: 30_000 }) }) },
  ),
  /** The answer is lost: the call took effect, and its caller does not know. */
  lost: fc.nat(9).map((n) => n === 0),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface ReleaseStep extends Pick<Step, 'pick' | 'lost'> {
  readonly worker: RecordedWorker;
  readonly holder: { readonly token: string };
  readonly isReview: boolean;
  readonly claimNext?: { readonly agent: string; readonly roles: string[]; readonly ttlMs: number };
}

test('finds nothing in random histories that the rules made', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 40, maxLength: 200 }), async (steps) => {
      const walk = new Walk();

      for (const one of steps) await walk.take(one);

      const { events, journals } = walk.recorder.run();
      const tolerances = { clockStepMs: walk.clockSetMs, clockSkewMs: walk.clockSetMs };
      expect(
        checkInvariants({ events, journals: [...journals, walk.recorder.follower('watcher')], tolerances }),
      ).toEqual([]);
      expect((await walk.recorder.verify()).findings).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

class Walk {
  readonly recorder = new Recorder();
  /** By how much the clock was set, to and fro: what is dated before and after cannot be compared more closely. */
  clockSetMs = 0;
  readonly #workers: RecordedWorker[] = AGENTS.map((agent) => this.recorder.worker(agent));
  readonly #runs = AGENTS.map(() => 1);
  /** Of every lease that was ever granted: zombies try with old ones. */
  readonly #leases: { token: string; isReview: boolean }[] = [];
  readonly #tasks: string[] = [];
  /** Sends the last command once more, with its id. */
  #resend: ((worker: RecordedWorker, lost: boolean) => Promise<void>) | null = null;

  async take({ what, agent, pick, time, lost }: Step): Promise<void> {
    const { clock } = this.recorder;
    if ('advance' in time) clock.advance(time.advance);
    else if ('sleep' in time) clock.sleep(time.sleep);
    else this.#setWall(time.setWall);

    const worker = this.#workers[agent] as RecordedWorker;
    const name = AGENTS[agent] as string;
    const instance = `${name}.${this.#runs[agent]}`;
    const { isReview, ...holder } = this.#leases[this.#leases.length - 1 - (pick % 4)] ?? {
      token: inventedToken(1),
      isReview: false,
    };
    const session = `line-${pick % 3}`;
    const taskId = this.#tasks[pick % Math.max(this.#tasks.length, 1)] ?? 'none';
    switch (what) {
      case 'enqueue':
        return this.#send(worker, 'enqueue', { tasks: [this.#newTask(pick)] }, lost);
      case 'claim':
        return this.#send(
          worker,
          'claim',
          { agent: name, instance, limit: 1 + (pick % 2), resume: pick % 3 === 0, ...CLAIM },
          lost,
        );
      case 'claim_own':
        return this.#send(
          worker,
          'claim',
          { agent: name, instance, sessionId: session, resume: pick % 2 === 0, ...TTL },
          lost,
        );
      case 'heartbeat':
        return this.#send(worker, 'heartbeat', holder, lost);
      case 'checkpoint':
        return this.#send(worker, 'checkpoint', { ...holder, ...(pick % 5 === 0 && { turn: pick % 7 }) }, lost);
      case 'release':
        return this.#release({ worker, holder, isReview, pick, lost });
      case 'release_next':
        return this.#release({ worker, holder, isReview, pick, lost, claimNext: { agent: name, ...CLAIM } });
      case 'release_all': {
        const items = this.#leases.slice(-4).map(({ token, isReview }, at) => {
          const outcome = OUTCOMES[(pick + at) % 3] ?? 'succeeded';
          return { token, outcome: isReview && outcome === 'succeeded' ? ('approved' as const) : outcome };
        });
        const next = pick % 2 === 0 ? { claimNext: { agent: name, limit: 2, ...TTL } } : {};
        return items.length === 0 ? undefined : this.#send(worker, 'release', { items, ...next }, lost);
      }
      case 'recover':
        return this.#send(worker, 'recover', { agent: name }, lost);
      case 'cancel':
        return this.#send(worker, 'cancel', { taskId }, lost);
      case 'retry':
        return this.#send(worker, 'retry', { taskId }, lost);
      case 'answer':
        return this.#send(worker, 'answer', { taskId, answer: 'that one', agent: name }, lost);
      case 'close':
        return this.#send(worker, 'close', { sessionId: session, cancelTasks: pick % 2 === 0 }, lost);
      case 'resend':
        return this.#resend?.(worker, lost);
      case 'restart':
        this.#runs[agent] = (this.#runs[agent] ?? 1) + 1;
        this.#workers[agent] = this.recorder.worker(name, `${name}.${this.#runs[agent]}`);
    }
  }

  #release({ worker, holder, isReview, pick, lost, ...next }: ReleaseStep): Promise<void> {
    const outcome = (isReview ? VERDICTS : ENDS)[(pick >> 2) % 6] ?? 'succeeded';
    const note = outcome === 'changes_requested' ? { note: 'once more' } : {};
    const to = outcome === 'handed_off' ? { to: { agent: AGENTS[pick % 2] as string } } : {};
    const ask = outcome === 'waiting' ? { ask: { question: 'which?' } } : {};
    return this.#send(worker, 'release', { items: [{ ...holder, outcome, ...note, ...to, ...ask }], ...next }, lost);
  }

  #setWall(byMs: number): void {
    this.recorder.clock.setWall(byMs);
    this.clockSetMs += Math.abs(byMs);
  }

  /** Sends a call; what it granted can be used, and abused, later on. */
  async #send<C extends JournaledCallName>(
    worker: RecordedWorker,
    command: C,
    request: Unidentified<C>,
    lost: boolean,
  ): Promise<void> {
    const identified = { ...this.recorder.identityFor(command), ...request } as SentCalls[C]['request'];
    this.#resend = async (worker, lost) => this.#send(worker, command, identified, lost);
    try {
      const reply = lost ? await worker.unanswered(command, identified) : await worker.call(command, identified);
      if (!reply.ok) return;
      const claims = 'claims' in reply ? reply.claims : 'next' in reply ? reply.next : [];
      for (const { lease, task } of claims) this.#leases.push({ token: lease.token, isReview: task.reviewOf !== null });
      if ('tasks' in reply) this.#tasks.push(...reply.tasks.map(({ task }) => task.id));
    } catch {
      // A command id that the clock left behind, a reused one: it was refused, and the journal says so.
    }
  }

  #newTask(pick: number): SentCalls['enqueue']['request']['tasks'][number] {
    return {
      ...(pick % 3 !== 0 && { sessionId: `line-${pick % 3}` }),
      ...(pick % 4 === 0 && { dedupeKey: `key-${pick % 8}` }),
      ...(pick % 5 === 0 && { assignee: AGENTS[pick % 3] }),
      ...(pick % 7 === 0 && { delayMs: pick % 20_000 }),
      ...(pick % 3 === 1 && { review: { role: 'reviewer', approvals: 1 + (pick % 2) } }),
      priority: pick % 3,
      attemptsMax: 1 + (pick % 3),
      interruptionsMax: pick % 4,
      backoffMs: pick % 3_000,
    };
  }
}
