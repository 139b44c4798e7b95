/**
 * What a page has at most, and what it says of the rest:
 *
 * - of many leases, the chart has shares
 * - of many holders, those have a row that hold something, then those that were granted a lease last
 * - of many agents, those are listed that hold something, then those that were seen last
 * - of many tasks that needed a person, the newest are shown
 */
import type { Event } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { readAgents } from '../src/api/agents.ts';
import { readLeases } from '../src/api/leases.ts';
import { needsThen } from '../src/api/now-past.ts';
import { momentOf } from '../src/api/page-reads.ts';
import { Follower } from '../src/fold/follower.ts';
import { StoreHistory } from '../src/fold/store-history.ts';
import { newStore } from './support/new-store.ts';

/** More leases than a chart has bars. */
const MANY_LEASES = 2_001;
/** More than the chart has rows, and than the list has. */
const MANY_AGENTS = 250;

/**
 * A task that is done, again and again: in sessions of their own, a tenth of a second for each event.
 *
 * @param change the events of a round
 */
async function again(rounds: number, change: (events: readonly Event[], round: number) => readonly Event[]) {
  const { storage, orchestrator } = await newStore();
  await orchestrator.enqueueTask({});
  const claimed = await orchestrator.claimTask({ agent: 'busy' });
  if (claimed.ok) await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'succeeded' });
  const { items: events } = await storage.read.events({ namespace: 'default', upTo: 100, limit: 10 });
  const history = new StoreHistory();
  const begin = Date.now() - 3_600_000;
  for (let round = 0; round < rounds; round += 1)
    for (const event of change(events, round)) {
      const id = round * events.length + event.id;
      const [streamId, taskId] = [`s${round}`, event.taskId === null ? null : `t${round}`];
      history.apply({ ...event, id, at: begin + 100 * id, streamId, taskId });
    }
  const follower = { history, state: { phase: 'live' } } as unknown as Follower;
  const query = { params: new URLSearchParams({ from: String(begin) }), moment: momentOf(follower, null, Date.now()) };
  const reads = { orchestrator, log: storage.read, follower, withPayloads: true, commandOptions: '' };
  return { reads, query };
}

/** Each round has an agent of its own, and the first one holds its task still. */
async function ofManyAgents() {
  return again(MANY_AGENTS, (events, round) =>
    events
      .filter(({ leaseEffect }) => round > 0 || leaseEffect !== 'ended')
      .map((event) => ({ ...event, agent: event.agent === null ? null : `a${round}` })),
  );
}

/** The first, then so many of the last. */
function firstAndLast(count: number): string[] {
  return ['a0', ...Array.from({ length: count - 1 }, (_, at) => `a${MANY_AGENTS - 1 - at}`)];
}

test('leases are shares where they cannot be told apart', async () => {
  const { reads, query } = await again(MANY_LEASES, (events) => events);

  const { count, bars, bins, holders } = readLeases(reads, query);

  expect({ count, bars, holders }).toMatchObject({ count: MANY_LEASES, bars: null, holders: [{ agent: 'busy' }] });
  expect(bins?.shares[0]?.flat().some((share) => share > 0)).toBe(true);
});

test('of many holders those have a row that hold something, then those that were granted a lease last', async () => {
  const { reads, query } = await ofManyAgents();

  const { count, holders, holdersLeftOut, bars } = readLeases(reads, query);

  expect(holders.map(({ agent }) => agent).toSorted()).toEqual(firstAndLast(100).toSorted());
  expect({ count, holdersLeftOut, bars: bars?.length }).toEqual({ count: 250, holdersLeftOut: 150, bars: 100 });
  expect(new Set(bars?.map(([holder]) => holder)).size).toBe(100);
});

test('of many agents those are listed that hold something, then those that were seen last', async () => {
  const { reads, query } = await ofManyAgents();

  const { rows, leftOut } = await readAgents(reads, query);

  expect({ names: rows.map(({ name }) => name), leftOut }).toEqual({ names: firstAndLast(200), leftOut: 50 });
});

test('of many tasks that needed a person, the newest are shown', async () => {
  const { storage, orchestrator } = await newStore();
  await orchestrator.enqueueTasks(Array.from({ length: 7 }, (_, at) => ({ id: `dead-${at}`, attemptsMax: 1 })));
  const claimed = await orchestrator.claimTasks({ agent: 'unlucky', limit: 7 });
  for (const { lease } of claimed.ok ? claimed.claims : [])
    await orchestrator.releaseTask({ token: lease.token, outcome: 'failed', error: { message: 'no' } });
  const follower = new Follower(storage, 'default');
  await follower.catchUp();
  const reads = { orchestrator, log: storage.read, follower, withPayloads: true, commandOptions: '' };

  const needs = await needsThen(reads, momentOf(follower, String(await orchestrator.asOf()), 0));

  const dead = needs.find(({ group }) => group === 'dead_letter');
  expect([dead?.count, dead?.rows.length, dead?.rows[0]?.taskId]).toEqual([7, 5, 'dead-6']);
});
