/*
 * What `why` says is what a claim does:
 *  - after each random step, a task is said to be claimable exactly when a claim of its session is granted this task
 *  - a session exactly when a claim of it is granted; what an agent is said to be given next is what it is given
 *  - claimable is that every condition holds
 */
import { Orchestrator, type WhyClaimant } from '@agent-orchestrator/core';
import { createMemoryData, openMemoryStorage, type MemoryData } from '@agent-orchestrator/storage-memory';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandIdAt } from '../src/factories.ts';
import { TestClock } from '../src/test-clock.ts';
import { WALKS_WITH_JUMPS } from '../src/walk/arbitrary.ts';
import type { Step } from '../src/walk/step.ts';
import { Walker } from '../src/walk/walker.ts';

const SEED = Number(process.env['CONFORMANCE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const WALKS = 25;

/** Of everybody a little: who fits anything, and who fits next to nothing. */
const CLAIMANTS: readonly (WhyClaimant & { readonly agent: string })[] = [
  { agent: 'company-agent', roles: ['builder', 'reviewer'] },
  { agent: 'home-agent', roles: ['reviewer'] },
  { agent: 'home-agent', kinds: ['build'] },
  { agent: 'company-agent' },
];

test('what why says is what a claim does, after any steps', { timeout: 60_000 }, async () => {
  console.info(`why beside real claims, CONFORMANCE_SEED=${SEED}`);
  const verdicts = { claimable: 0, not: 0 };

  await fc.assert(
    fc.asyncProperty(WALKS_WITH_JUMPS, async (steps) => walk(steps, verdicts)),
    { seed: SEED, numRuns: WALKS, interruptAfterTimeLimit: 30_000 },
  );

  expect(verdicts.claimable, 'verdicts of both sorts were tried').toBeGreaterThan(100);
  expect(verdicts.not).toBeGreaterThan(100);
});

async function walk(steps: readonly Step[], verdicts: { claimable: number; not: number }): Promise<void> {
  const clock = new TestClock();
  const data = createMemoryData();
  const storage = openMemoryStorage({ clock, data });
  const peer = openMemoryStorage({ clock, data });
  const walker = new Walker({ storage, peer, clock, close: async () => {} });
  const asked = new Orchestrator({ storage, newCommandId: () => '' });
  for (const [at, step] of steps.entries()) {
    await walker.step(step);
    const forWhom = CLAIMANTS[at % CLAIMANTS.length] ?? { agent: 'company-agent' };
    await compareTasks(asked, data, clock, forWhom, verdicts);
    await compareSessionsAndAgent(asked, data, clock, forWhom);
  }
  await walker.close();
}

async function compareTasks(
  asked: Orchestrator,
  data: MemoryData,
  clock: TestClock,
  forWhom: WhyClaimant & { readonly agent: string },
  verdicts: { claimable: number; not: number },
): Promise<void> {
  for (const { id, namespace, sessionId } of data.tasks.values()) {
    const why = await asked.whyTask(id, forWhom, namespace);
    const claimed = await copyOf(data, clock).claimTask({ ...claimBy(forWhom), namespace, sessionId });

    const granted = claimed.ok && claimed.task.id === id;
    expect([why?.claimable, why?.conditions.every(({ holds }) => holds)], `as is said: ${JSON.stringify(why)}`).toEqual(
      [granted, granted],
    );
    verdicts[granted ? 'claimable' : 'not'] += 1;
  }
}

async function compareSessionsAndAgent(
  asked: Orchestrator,
  data: MemoryData,
  clock: TestClock,
  forWhom: WhyClaimant & { readonly agent: string },
): Promise<void> {
  for (const { id, namespace } of data.sessions.values()) {
    const why = await asked.whySession(id, forWhom, namespace);
    const claimed = await copyOf(data, clock).claimTask({ ...claimBy(forWhom), namespace, sessionId: id });

    const holds = why?.conditions.every((one) => one.holds);
    expect([why?.claimable, holds], `as is said: ${JSON.stringify(why)}`).toEqual([claimed.ok, claimed.ok]);
  }
  for (const namespace of ['default', 'other']) {
    const why = await asked.whyAgent(forWhom.agent, { roles: forWhom.roles, kinds: forWhom.kinds }, namespace);
    const claimed = await copyOf(data, clock).claimTask({ ...claimBy(forWhom), namespace });

    expect([why.claimable, why.next[0]?.id], `as is said: ${JSON.stringify(why)}`).toEqual([
      claimed.ok,
      claimed.ok ? claimed.task.id : undefined,
    ]);
    if (!claimed.ok && claimed.reason === 'no_task') expect(why.nextDueAt).toBe(claimed.nextDueAt);
  }
}

function claimBy({ agent, roles, kinds }: WhyClaimant & { readonly agent: string }) {
  return { agent, ...(roles && { roles: [...roles] }), ...(kinds && { kinds: [...kinds] }) };
}

/** A claim on a copy leaves the walk as it was. */
function copyOf(data: MemoryData, clock: TestClock): Orchestrator {
  const copy: MemoryData = {
    ...data,
    sessions: new Map(data.sessions),
    tasks: new Map(data.tasks),
    events: [...data.events],
    receipts: new Map(data.receipts),
    listeners: new Set(),
  };
  const storage = openMemoryStorage({ clock, data: copy });
  // Far from the walk's own commands, whose receipts the copy has.
  let commands = 1_000_000;
  return new Orchestrator({ storage, newCommandId: () => commandIdAt(clock.now, (commands += 1)) });
}
