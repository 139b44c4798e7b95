/*
 * What `why` says is what a claim does:
 *  - after each random step, a task is said to be claimable exactly when a claim of its session is granted this task
 *  - a session exactly when a claim of it is granted; what an agent is said to be given next is what it is given
 *  - claimable is that every condition holds
 *  - where holders were seen to be dead, with the same evidence: for a claim of the session, or for a recovery before
 * one without
 */
import { DEFAULTS, Orchestrator, OrchestratorReads, type Evidence, type WhyClaimant } from '@agent-orchestrator/core';
import { createMemoryData, openMemoryStorage, type MemoryData } from '@agent-orchestrator/storage-memory';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { commandIdAt, evidenceAgainst, seedNumber } from '../src/factories.ts';
import { startedProcess, TestClock } from '../src/test-clock.ts';
import { WALKS_WITH_JUMPS, WALKS_WITH_OTHER_CLOCKS } from '../src/walk/arbitrary.ts';
import type { Step } from '../src/walk/step.ts';
import { Walker } from '../src/walk/walker.ts';

const SEED = Number(process.env['CONFORMANCE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const WALKS = 60;

/** Claimants of all sorts: some that fit almost anything, some that fit next to nothing. */
const CLAIMANTS: readonly (WhyClaimant & { readonly agent: string })[] = [
  { agent: 'company-agent', roles: ['builder', 'reviewer'] },
  { agent: 'home-agent', roles: ['reviewer'] },
  { agent: 'home-agent', kinds: ['build'] },
  { agent: 'company-agent' },
];

test('what why says is what a claim does, after any steps', { timeout: 60_000 }, async () => {
  console.info(`why beside real claims, CONFORMANCE_SEED=${SEED}`);
  const verdicts: Verdicts = { claimable: 0, not: 0, byEvidence: 0 };

  await fc.assert(
    fc.asyncProperty(fc.oneof(WALKS_WITH_JUMPS, WALKS_WITH_OTHER_CLOCKS), async (steps) => walk(steps, verdicts)),
    { seed: SEED, numRuns: WALKS, interruptAfterTimeLimit: 30_000 },
  );

  expect(verdicts.claimable, 'verdicts of both sorts were tried').toBeGreaterThan(100);
  expect(verdicts.not).toBeGreaterThan(100);
  expect(verdicts.byEvidence, 'holders were proved dead').toBeGreaterThan(20);
});

interface Verdicts {
  claimable: number;
  not: number;
  /** Claimable only because the holder was seen to be dead. */
  byEvidence: number;
}

async function walk(steps: readonly Step[], verdicts: Verdicts): Promise<void> {
  const clock = new TestClock();
  const data = createMemoryData();
  const storage = openMemoryStorage({ clock, data });
  const peer = openMemoryStorage({ clock, data });
  const walker = new Walker({ storage, peer, clock, close: async () => {} });
  const asked = new OrchestratorReads(storage, DEFAULTS.namespace);
  // Ask and claim by the clock of the machine, and by another one that the store may know.
  const askers = [startedProcess(), startedProcess(7_200_000)];
  for (const [at, step] of steps.entries()) {
    await walker.step(step);
    const asker = askers[at % askers.length] ?? startedProcess();
    const fitting = CLAIMANTS[at % CLAIMANTS.length] ?? { agent: 'company-agent' };
    const asAny = at % 3 === 0 ? fitting : { ...fitting, evidence: seenDead(data) };
    const forWhom = { ...asAny, ...(asAny.roles && { roles: rolesHeld(data, asAny.agent, asAny.roles) }) };
    await clock.as(asker, async () => {
      await compareTasks(asked, data, clock, forWhom, verdicts);
      await compareSessionsAndAgent(asked, data, clock, forWhom);
    });
  }
  await walker.close();
}

async function compareTasks(
  asked: OrchestratorReads,
  data: MemoryData,
  clock: TestClock,
  forWhom: WhyClaimant & { readonly agent: string },
  verdicts: Verdicts,
): Promise<void> {
  for (const { id, namespace, sessionId } of data.tasks.values()) {
    const why = await asked.whyTask(id, forWhom, namespace);
    const claimed = await copyOf(data, clock).claimTask({ ...claimBy(forWhom), namespace, sessionId });

    const granted = claimed.ok && claimed.task.id === id;
    expect([why?.claimable, why?.conditions.every(({ holds }) => holds)], `as is said: ${JSON.stringify(why)}`).toEqual(
      [granted, granted],
    );
    verdicts[granted ? 'claimable' : 'not'] += 1;
    if (granted && claimed.takeover?.reason === 'dead') verdicts.byEvidence += 1;
  }
}

async function compareSessionsAndAgent(
  asked: OrchestratorReads,
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
    const { agent, ...anyAgent } = forWhom;
    const why = await asked.whyAgent(agent, anyAgent, namespace);
    const copy = copyOf(data, clock);
    const told = await lastToldOfAnEnd(copy, namespace);
    const claimed = await claimAnywhere(copy, namespace, forWhom);
    // A recovery ended a task on which others depend: which of them that frees is not foretold.
    if ((await lastToldOfAnEnd(copy, namespace)) !== told) continue;

    expect([why.claimable, why.next[0]?.id], `as is said: ${JSON.stringify(why)}`).toEqual([
      claimed.ok,
      claimed.ok ? claimed.task.id : undefined,
    ]);
    if (!claimed.ok && claimed.reason === 'no_task') expect(why.nextDueAt).toBe(claimed.nextDueAt);
  }
}

/** As an agent that looks for dead holders does it: they are recovered where there is nothing else. */
async function claimAnywhere(
  orchestrator: Orchestrator,
  namespace: string,
  forWhom: WhyClaimant & { readonly agent: string },
) {
  const { evidence, ...request } = { ...claimBy(forWhom), namespace };
  const claimed = await orchestrator.claimTask(request);
  if (claimed.ok || evidence === undefined) return claimed;
  await orchestrator.staleRecovery({ namespace, evidence });
  return orchestrator.claimTask(request);
}

async function lastToldOfAnEnd(orchestrator: Orchestrator, namespace: string): Promise<number | undefined> {
  const newest = { namespace, types: ['task.dependency_ended' as const], before: null, limit: 1 };
  const { items } = await orchestrator.listEvents(newest);
  return items[0]?.id;
}

/** What the registry of any namespace takes away is left out: to ask for a role that one has not is a mistake. */
function rolesHeld({ agents }: MemoryData, name: string, roles: readonly string[]): readonly string[] {
  const entries = [...agents.values()].filter((entry) => entry.name === name);
  return roles.filter((role) => entries.every((entry) => (JSON.parse(entry.roles) as string[]).includes(role)));
}

/** Against every holder: it proves the one dead that told this process. */
function seenDead({ sessions }: MemoryData): Evidence[] {
  const process = { host: 'machine-1', boot: 'boot-1', pid: 1, start: '1' };
  return [...sessions.values()].flatMap(({ id: sessionId, fence }) =>
    fence === null ? [] : [evidenceAgainst({ lease: { sessionId, fence } }, process)],
  );
}

function claimBy({ agent, roles, kinds, evidence }: WhyClaimant & { readonly agent: string }) {
  return {
    agent,
    ...(roles && { roles: [...roles] }),
    ...(kinds && { kinds: [...kinds] }),
    ...(evidence && { evidence: [...evidence] }),
  };
}

/** A claim on a copy leaves the walk as it was. */
function copyOf(data: MemoryData, clock: TestClock): Orchestrator {
  const copy: MemoryData = {
    ...data,
    sessions: new Map(data.sessions),
    tasks: new Map(data.tasks),
    agents: new Map(data.agents),
    dependencies: new Map(data.dependencies),
    dependencyEnds: new Map(data.dependencyEnds),
    events: [...data.events],
    receipts: new Map(data.receipts),
    listeners: new Set(),
  };
  const storage = openMemoryStorage({ clock, data: copy });
  // Far from the walk's own commands, whose receipts the copy has.
  let commands = 1_000_000;
  return new Orchestrator({
    storage,
    newCommandId: () => commandIdAt(clock.now, (commands += 1)),
    newSeed: () => seedNumber(commands),
  });
}
