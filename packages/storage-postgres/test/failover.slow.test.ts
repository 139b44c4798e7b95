/*
 * A standby that gets no writes any more takes the place of the primary, while the work continues:
 *  - what was acknowledged and got lost is listed by a comparison of the workers' journals with the log, all of it
 *  - nothing is lost that was acknowledged before the writes were cut off
 *  - no fence is granted twice, in what was lost and what came after
 *  - the work continues, and what follows keeps every promise
 *  - no client can work on the standby before it is promoted
 *  - with a synchronous standby nothing is lost that was acknowledged
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Event } from '@agent-orchestrator/core';
import {
  attemptsOf,
  claimsIn,
  describeMissing,
  missingOperations,
  type Journal,
  type MissingOperation,
} from '@agent-orchestrator/core/journal';
import {
  allJournals,
  checkInvariants,
  keptIfItFails,
  readEvents,
  runProcesses,
  seedOfRun,
} from '@agent-orchestrator/storage-conformance';
import { expect, onTestFinished, test } from 'vitest';
import { openPostgresStorage } from '../src/index.ts';
import { TIMEOUTS } from '../src/server/transactions.ts';
import { Cluster } from './harness/cluster.ts';
import { createDatabase, prepareTemplate, withAdmin } from './harness/databases.ts';
import { Proxy } from './harness/proxy.ts';
import { openStorage, orchestratorOn, until } from './open-database.ts';

/** A busy machine takes its time to write down what a server still holds. */
const REMOVAL_MS = 60_000;
const WORKERS = 4;
const SLOW = { timeout: 180_000 };

test('a fail-over that loses acknowledged writes: the loss is told, and no fence is granted twice', SLOW, async () => {
  const run = await failOver('asynchronous', async ({ primary, database }) => moreWork(primary.reach(database), 150));
  const { before, after, journals, missing, cutOff, wentOn } = run;

  expect(run.findings).toEqual({ errors: [], notOnce: [], log: [] });
  expect(describeMissing(missing)).toMatch(/^\d+ acknowledged operations are missing/);
  expect(commandsOf(missing)).toEqual(lostCommands(before, after, journals));
  expect(missing.filter(({ attempt }) => (attempt.answeredAt ?? 0) < cutOff)).toEqual([]);

  const [lost, granted] = [fencesOf(lostFrom(before, after)), fencesOf(lostFrom(after, before))];
  expect(lost.length, 'grants that were lost').toBeGreaterThan(0);
  expect(Math.min(...granted)).toBeGreaterThan(Math.max(...lost));
  expect(grantedTwice(journals)).toEqual([]);

  expect(checkInvariants({ events: after })).toEqual([]);
  expect(checkInvariants({ events: after, journals: journals.map((journal) => since(wentOn, journal)) })).toEqual([]);
});

test('a fail-over to a synchronous standby loses nothing that was acknowledged', SLOW, async () => {
  let answer: Promise<unknown> = Promise.resolve();
  const run = await failOver('synchronous', async ({ primary, database }) => {
    const storage = await openStorage(primary.reach(database), { retryMs: 1 });
    answer = orchestratorOn(storage)
      .enqueueTask({ id: 'never-acknowledged' })
      .catch((error: unknown) => error);
    // For longer than any statement may take: a client that waits for the standby must not be told that all is well.
    await pause(TIMEOUTS.statement_ms + 3_000);
  });
  const { before, after, journals, missing } = run;

  expect(await answer).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  expect(lostFrom(before, after).map(({ taskId }) => taskId)).toContain('never-acknowledged');
  expect(run.findings).toEqual({ errors: [], notOnce: [], log: [] });
  expect(missing).toEqual([]);
  expect(grantedTwice(journals)).toEqual([]);
});

type Pair = Awaited<ReturnType<typeof startPair>>;

/**
 * Workers at their tasks, a standby that gets no writes any more, a while `meanwhile`, and the standby in the primary's
 * place.
 */
async function failOver(replication: 'asynchronous' | 'synchronous', meanwhile: (pair: Pair) => Promise<void>) {
  const pair = await startPair(replication);
  const { primary, standby, database } = pair;
  const front = await Proxy.before(primary.url);
  onTestFinished(() => front.close());
  const folder = keptIfItFails();
  const moments = { cutOff: 0, wentOn: 0 };
  const happen = async () => {
    await expect(openPostgresStorage({ url: standby.reach(database) })).rejects.toMatchObject({
      code: 'STORE_STANDBY',
    });
    moments.cutOff = await cutOff(pair);
    await meanwhile(pair);
    await primary.crash();
    // The workers come before it is promoted, and wait.
    front.redirect(standby.url);
    await pause(500);
    await standby.promote();
    moments.wentOn = Date.now();
    await addLostTasks(standby.reach(database), folder, moments.wentOn);
  };

  const { errors, notOnce, verification, figures } = await runProcesses({
    seed: seedOfRun(),
    folder,
    child: new URL('open-process.ts', import.meta.url),
    address: front.through(database),
    workers: WORKERS,
    tasks: 240,
    sharedSessions: 12,
    kills: 6,
    failpoints: 0,
    pauses: 2,
    tolerances: { uncommittedMs: 5_000 },
    incidents: [{ name: 'fail-over', times: 1, happen }],
    ttlMs: 1_500,
    staleAfterMs: 1_500,
    timeoutMs: 150_000,
  });

  await primary.start();
  const [before, after] = [await logOf(primary.reach(database)), await logOf(standby.reach(database))];
  const journals = allJournals(folder);
  const missing = missingOperations(after, journals);
  console.log(describeMissing(missing), JSON.stringify({ ...figures, lost: lostFrom(before, after).length }));
  return { ...moments, before, after, journals, missing, findings: { errors, notOnce, log: verification.findings } };
}

/** A primary with a standby, the proxy between them, and the database's URL for agents. */
async function startPair(replication: 'asynchronous' | 'synchronous') {
  const primary = await Cluster.start({ settings: ['max_connections=200'] });
  onTestFinished(() => primary.remove(), REMOVAL_MS);
  await prepareTemplate(primary.url);
  const { url } = await createDatabase(primary.url);
  const wire = await Proxy.before(primary.url);
  onTestFinished(() => wire.close());
  const standby = await primary.startStandby(wire.through(primary.url));
  onTestFinished(() => standby.remove(), REMOVAL_MS);
  if (replication === 'synchronous')
    await withAdmin(primary.url, async (sql) => {
      await sql.unsafe(`ALTER SYSTEM SET synchronous_standby_names = '*'`);
      await sql.unsafe('SELECT pg_reload_conf()');
    });
  return { primary, standby, wire, database: url };
}

/** @returns a time before which all that was acknowledged has reached the standby */
async function cutOff({ primary, standby, wire }: Pair): Promise<number> {
  const from = Date.now();
  const [written] = await withAdmin(
    primary.url,
    (sql) => sql<{ lsn: string }[]>`SELECT pg_current_wal_lsn()::text AS lsn`,
  );
  await withAdmin(standby.url, async (sql) => {
    await until(async () => {
      const [row] = await sql<
        { here: boolean }[]
      >`SELECT pg_last_wal_replay_lsn() >= ${written?.lsn ?? ''}::pg_lsn AS here`;
      return row?.here === true;
    });
  });
  await wire.close();
  return from;
}

/** Lets the workers continue until the log has grown by so many events. */
async function moreWork(url: string, events: number): Promise<void> {
  const storage = await openPostgresStorage({ url });
  const count = async () => (await orchestratorOn(storage).counts()).events;
  const enough = (await count()) + events;
  await until(async () => (await count()) >= enough, 60_000);
  await storage.close();
}

/**
 * What an operator does about tasks that were lost: adds them anew, once all workers have written down what they had
 * got.
 */
async function addLostTasks(url: string, folder: string, wentOn: number): Promise<void> {
  const hasGoneOn = (journal: Journal) => journal.some((line) => line.is === 'answered' && line.at > wentOn);
  const agents = () => new Set(allJournals(folder).filter(hasGoneOn).map(agentOf));
  await until(() => agents().size >= WORKERS, 60_000);
  const storage = await openPostgresStorage({ url });
  const orchestrator = orchestratorOn(storage);
  for (const { attempt } of missingOperations(await readEvents(storage), allJournals(folder)))
    if (attempt.command === 'enqueue') await orchestrator.enqueueTasks(attempt.request.tasks);
  await storage.close();
}

async function logOf(url: string): Promise<Event[]> {
  const storage = await openPostgresStorage({ url, mode: 'read-only' });
  const events = await readEvents(storage);
  await storage.close();
  return events;
}

/** What one log has and the other has not. */
function lostFrom(log: readonly Event[], other: readonly Event[]): Event[] {
  const kept = new Set(other.map(({ hash }) => hash));
  return log.filter(({ hash }) => !kept.has(hash));
}

/** The other way to learn what was lost: the primary's own log, and who had been answered. */
function lostCommands(before: readonly Event[], after: readonly Event[], journals: readonly Journal[]): string[] {
  const kept = new Set(after.map(({ commandId }) => commandId));
  const lost = new Set(lostFrom(before, after).map(({ commandId }) => commandId));
  return acknowledged(journals)
    .filter((commandId) => lost.has(commandId) && !kept.has(commandId))
    .toSorted();
}

function commandsOf(missing: readonly MissingOperation[]): string[] {
  return missing.map(({ commandId }) => commandId).toSorted();
}

function acknowledged(journals: readonly Journal[]): string[] {
  const attempts = journals.flatMap(attemptsOf).filter(({ outcome }) => outcome === 'acknowledged');
  return [...new Set(attempts.flatMap(({ request }) => ('commandId' in request ? (request.commandId ?? []) : [])))];
}

function fencesOf(events: readonly Event[]): number[] {
  return events.flatMap(({ leaseEffect, fence }) => (leaseEffect === 'granted' ? (fence ?? []) : []));
}

/** Fences of which workers were told by more than one command. */
function grantedTwice(journals: readonly Journal[]): number[] {
  const told = journals.flatMap(attemptsOf).flatMap((attempt) => {
    const { request } = attempt;
    return claimsIn(attempt).map(({ lease }) => ({
      fence: lease.fence,
      by: 'commandId' in request && request.commandId,
    }));
  });
  return [...Map.groupBy(told, ({ fence }) => fence)].flatMap(([fence, grants]) =>
    new Set(grants.map(({ by }) => by)).size > 1 ? fence : [],
  );
}

/** What a worker has sent, and a follower has read, from a moment on. */
function since(moment: number, journal: Journal): Journal {
  const earlier = new Set(journal.flatMap((line) => (line.is === 'sent' && line.at < moment ? line.call : [])));
  return journal.filter((line) => {
    if (line.is === 'followed') return line.at >= moment;
    return !('call' in line) || !earlier.has(line.call);
  });
}

function agentOf(journal: Journal): string {
  const started = journal.find((line) => line.is === 'started');
  return started?.agent ?? '';
}
