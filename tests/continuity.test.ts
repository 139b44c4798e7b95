// Continuity is the same on every store: the same work, done on a file and on a shared server,
// - makes the same resume card, but for times, fences and event numbers
// - has the same reasons why nothing is claimed, and the same verdicts as real claims
// - is told alike to a person who was away
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClaimRecord, Orchestrator } from '@agent-orchestrator/core';
import { askWhy, openOrchestrator, readResume, readSince, resumeCard } from '@agent-orchestrator/runtime';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createDatabase } from '../packages/storage-postgres/test/harness/databases.ts';

const stores: Orchestrator[] = [];
const endings: (() => unknown)[] = [];

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'continuity-'));
  endings.push(() => rmSync(folder, { recursive: true }));
  const database = await createDatabase(inject('postgresUrl'), { migrated: false });
  endings.push(() => database.drop());
  for (const url of [`sqlite:${join(folder, 'store.db')}`, database.adminUrl]) {
    const orchestrator = await openOrchestrator(url);
    endings.push(() => orchestrator[Symbol.asyncDispose]());
    stores.push(orchestrator);
    await work(orchestrator);
  }
}, 120_000);

afterAll(async () => {
  for (const end of endings.toReversed()) await end();
});

/** What agents did: one continues with its work, another handed over, a third left a session that waits. */
async function work(orchestrator: Orchestrator): Promise<void> {
  const add = async (task: Parameters<Orchestrator['enqueueTask']>[0]) => orchestrator.enqueueTask(task);
  await add({ id: 'count', sessionId: 'branch', title: 'Count 줄 수', payload: { folder: 'src' }, kind: 'count' });
  await add({ id: 'review', sessionId: 'pr', title: 'Review' });
  await add({ id: 'later', sessionId: 'branch', delayMs: 3_600_000 });
  await add({ id: 'alone', priority: 9 });
  const review = await claim(orchestrator, 'home-agent', 'pr');
  await release(orchestrator, review, { outcome: 'handed_off', to: { role: 'reviewer' }, note: 'look at "b"\n# c' });
  const first = await claim(orchestrator, 'company-agent', 'branch', 'run-1');
  await checkpoint(orchestrator, first, { lastAction: 'counted a', nextAction: 'count b', data: { n: 1 } });
  const second = await claim(orchestrator, 'company-agent', 'branch', 'run-2', true);
  await checkpoint(orchestrator, first, { nextAction: 'refused' });
  await checkpoint(orchestrator, second, { lastAction: 'counted b', nextAction: 'report', memoryRef: 'notes.md' });
  await add({ id: 'report', sessionId: 'branch', title: 'Report' });
  await orchestrator.cancelTask({ taskId: 'later' });
}

test('the same work makes the same card', async () => {
  const cards = await Promise.all(
    stores.map(async (orchestrator) => {
      const question = { agent: 'company-agent', instance: 'run-2', roles: ['reviewer'] };
      return resumeCard(await readResume(orchestrator, question));
    }),
  );
  const [file = '', server = ''] = cards.map(plain);

  expect(server).toBe(file);
  expect(file).toMatch(/^## Held by company-agent$/m);
  expect(file).toContain('lease of company-agent (run-2), fence N, since T, until T unless renewed');
  expect(file).toContain('next action "report"');
  expect(file).toContain(String.raw`handed over by home-agent at T (#E), note "look at \"b\"\n# c"`);
  expect(file).toContain('#E T task.queued task report "Report"');
});

test.each([
  ['task', 'report', { agent: 'home-agent' }, ['not_held', 'first_in_queue']],
  ['task', 'review', { agent: 'home-agent' }, ['addressee']],
  ['task', 'review', { agent: 'home-agent', roles: ['reviewer'] }, []],
  ['task', 'alone', { agent: 'home-agent', kinds: ['count'] }, ['kind']],
  ['task', 'later', {}, ['not_ended']],
  ['session', 'branch', {}, ['not_held']],
] as const)('why %s %s is answered alike', async (subject, id, claimant, missing) => {
  const found = await Promise.all(stores.map((orchestrator) => askWhy(orchestrator, { id, subject, claimant })));
  const told = found.map((answer) => {
    if (answer === null || answer.why.subject === 'agent') throw new Error(`there is no ${subject} ${id}`);
    return answer.why.conditions.map(({ name, holds, says, nextStep, events }) => ({
      name,
      holds,
      says: plain(says),
      nextStep: plain(nextStep ?? ''),
      evidence: events.length,
    }));
  });

  expect(told[1]).toEqual(told[0]);
  expect(told[0]?.flatMap(({ name, holds }) => (holds ? [] : [name]))).toEqual(missing);
});

test('what happened is told alike', async () => {
  const found = await Promise.all(
    stores.map((orchestrator) => readSince(orchestrator, { from: { at: 0 }, agent: 'jane', roles: ['reviewer'] })),
  );
  const told = found.map(({ groups, waiting }) => ({
    counts: groups.map(({ name, count }) => [name, count]),
    waiting: waiting.forYou.map(({ id, note }) => [id, note]),
  }));

  expect(told[1]).toEqual(told[0]);
  expect(told[0]).toEqual({
    counts: [
      ['done', 0],
      ['reviewed', 0],
      ['failed', 0],
      ['cancelled', 1],
      ['recovered', 1],
      ['returned', 0],
      ['refused', 1],
      ['answered', 0],
      ['keys', 0],
    ],
    waiting: [['review', 'look at "b"\n# c']],
  });
});

/** Last, because it changes something: what is said to be claimable next is what is claimed. */
test('what an agent is said to get next is what it gets', async () => {
  for (const orchestrator of stores) {
    const why = await orchestrator.whyAgent('home-agent');
    const claimed = await claim(orchestrator, 'home-agent');

    expect([why.next.map(({ id }) => id), claimed.task.id]).toEqual([['alone'], 'alone']);
  }
});

/** Without what differs from run to run. */
function plain(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'T')
    .replaceAll(/\b\d{16}\b/g, 'N')
    .replaceAll(/#\d+|--after \d+/g, (found) => found.replace(/\d+/, 'E'));
}

async function claim(
  orchestrator: Orchestrator,
  agent: string,
  sessionId?: string,
  instance?: string,
  resume = false,
): Promise<ClaimRecord> {
  const session = sessionId === undefined ? {} : { sessionId };
  const claimed = await orchestrator.claimTask({ agent, instance, resume, ...session });
  if (!claimed.ok) throw new Error(`nothing was claimed: ${claimed.reason}`);
  return claimed;
}

async function checkpoint(
  orchestrator: Orchestrator,
  { lease: { token } }: ClaimRecord,
  saved: Omit<Parameters<Orchestrator['checkpoint']>[0], 'token'>,
): Promise<void> {
  await orchestrator.checkpoint({ token, ...saved });
}

async function release(
  orchestrator: Orchestrator,
  { lease: { token } }: ClaimRecord,
  how: Omit<Parameters<Orchestrator['releaseTask']>[0], 'token'>,
): Promise<void> {
  await orchestrator.releaseTask({ token, ...how });
}
