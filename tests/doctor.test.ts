/*
 * The doctor on a real store, of either kind:
 *  - a new store, used by whom it is for, needs no attention
 *  - what needs attention is found, each with the events that show it
 *  - a jump of the clock is told of, a queue that was let go just now is not
 *  - what is safe is done on request, and said; what is left is told of afterwards
 *  - it only reads: nothing in the store changes, and no lock is waited for
 *  - a store that is not there, of another version, or closed to this login is a finding
 *  - a support bundle tells the same, and nothing that users put in, nor a password
 */
import { chmodSync, existsSync, mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Orchestrator, type Storage } from '@agent-orchestrator/core';
import {
  examineStore,
  makeBundle,
  newCommandId,
  newSeed,
  locateStore,
  type Finding,
} from '@agent-orchestrator/runtime';
import { TestClock } from '@agent-orchestrator/storage-conformance';
import { openPostgresStorage, ROLE_STATEMENTS } from '@agent-orchestrator/storage-postgres';
import { openSqliteStorage } from '@agent-orchestrator/storage-sqlite';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { createDatabase, userUrl, withAdmin } from '../packages/storage-postgres/test/harness/databases.ts';
import { openWriter } from '../packages/storage-sqlite/src/connection.ts';

const HOUR = 3_600_000;
const PASSWORD = 'hunter2';

/** A store, and an orchestrator on it whose clock the test owns; it begins hours ago, so that the present is late. */
interface Place {
  readonly url: string;
  readonly clock: TestClock;
  readonly orchestrator: Orchestrator;
  /** Runs a statement past the storage. */
  readonly run: (statement: string) => Promise<void>;
}

const KINDS = ['sqlite', 'postgres'] as const;

async function newPlace(kind: (typeof KINDS)[number]): Promise<Place> {
  const clock = new TestClock({ wall: Date.now() - 3 * HOUR });
  const place = kind === 'sqlite' ? await newFile(clock) : await newDatabase(clock);
  onTestFinished(() => place.storage.close());
  const orchestrator = new Orchestrator({ storage: place.storage, newCommandId: () => commandIdOf(clock), newSeed });
  return { ...place, clock, orchestrator };
}

async function newFile(clock: TestClock): Promise<Pick<Place, 'url' | 'run'> & { storage: Storage }> {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'store.db');
  const storage = await openSqliteStorage({ path, clock });
  await storage.migrate();
  const run = async (statement: string) => {
    const db = openWriter(path);
    db.exec(statement);
    db.close();
  };
  return { url: `sqlite:${path}`, storage, run };
}

async function newDatabase(clock: TestClock): Promise<Pick<Place, 'url' | 'run'> & { storage: Storage }> {
  const database = await createDatabase(inject('postgresUrl'), { migrated: false });
  onTestFinished(() => database.drop());
  const agent = { user: 'doctors_agent', password: PASSWORD };
  const run = (statement: string) => withAdmin(database.adminUrl, async (sql) => void (await sql.unsafe(statement)));
  await withRoles(run, [...ROLE_STATEMENTS, login(agent.user, 'orchestrator_app')]);
  const owner = await openPostgresStorage({ url: database.adminUrl });
  await owner.migrate();
  await owner.close();
  const url = userUrl(database.adminUrl, agent);
  return { url, storage: await openPostgresStorage({ url, clock }), run };
}

function login(user: string, role: string): string {
  return `DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${user}') THEN
    CREATE ROLE ${user} LOGIN PASSWORD '${PASSWORD}' IN ROLE ${role}; END IF; END $$`;
}

/** Roles belong to the server: another test file may be making them at this moment. */
async function withRoles(run: Place['run'], statements: readonly string[]): Promise<void> {
  for (let triesLeft = 5; ; triesLeft -= 1) {
    try {
      for (const statement of statements) await run(statement);
      return;
    } catch (error) {
      if (triesLeft === 0) throw error;
    }
  }
}

/** Judged by a clock that stands in the past, an id of the present would come from the future. */
function commandIdOf(clock: TestClock): string {
  const time = clock.now.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${newCommandId().slice(13)}`;
}

/** The findings that tell of more than that all is well, but for what depends on the set-up of the tests' server. */
function found(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ severity, check }) => severity !== 'ok' && check !== 'durability');
}

function only(findings: readonly Finding[], check: Finding['check']): Finding {
  const [first, ...others] = findings.filter((finding) => finding.check === check);
  if (first === undefined || others.length > 0) throw new Error(`not one finding of ${check}`);
  return first;
}

const claim = async ({ orchestrator }: Place, sessionId: string, agent = 'company-agent') => {
  const claimed = await orchestrator.claimTask({ agent, sessionId, instance: `${agent}-1`, ttlMs: 60_000 });
  if (!claimed.ok) throw new Error(`nothing was claimed: ${claimed.reason}`);
  return { token: claimed.lease.token, instance: `${agent}-1` };
};

const typesOf = async ({ orchestrator }: Place, ids: readonly number[]) => {
  const { items } = await orchestrator.listEvents({ limit: 500 });
  return ids.map((id) => items.find((event) => event.id === id)?.type);
};

/** A silent holder, a fenced one, a late renewal, a head that no agent takes, a queue behind a head for another. */
async function trouble(place: Place): Promise<void> {
  const { orchestrator, clock } = place;
  await orchestrator.enqueueTasks([
    { id: 'silent', sessionId: 'silent' },
    { id: 'fought-over', sessionId: 'fought-over' },
    { id: 'late', sessionId: 'late' },
    { id: 'lonely', sessionId: 'lonely', kind: 'unheard-of' },
    { id: 'for-another', sessionId: 'blocked', kind: 'review', role: 'editor' },
    { id: 'waits-behind', sessionId: 'blocked', kind: 'review' },
  ]);
  // Leases that ended well, so that the right one of several has to be found.
  for (const sessionId of ['silent', 'fought-over'])
    await orchestrator.releaseTask({ ...(await claim(place, sessionId)), outcome: 'released' });
  await claim(place, 'silent');
  const zombie = await claim(place, 'fought-over');
  const late = await claim(place, 'late');
  for (let times = 0; times < 2; times += 1) {
    clock.advance(55_000);
    await orchestrator.heartbeat(late);
  }
  await orchestrator.releaseTask({ ...late, outcome: 'succeeded' });
  clock.advance(60_000);
  const next = await claim(place, 'fought-over', 'home-agent');
  await orchestrator.releaseTask({ ...zombie, outcome: 'succeeded' });
  await orchestrator.releaseTask({ ...next, outcome: 'succeeded' });
}

describe.each(KINDS)('on %s', (kind) => {
  test('a new store, used by whom it is for, needs no attention', async () => {
    const { url, orchestrator } = await newPlace(kind);
    await orchestrator.enqueueTask({ delayMs: 24 * HOUR });

    const { findings, fixes, asOf, url: shown } = await examineStore(url);

    expect(found(findings)).toEqual([]);
    expect(fixes).toEqual([]);
    expect(asOf).toBe(2);
    expect(shown).toBe((await locateStore(url)).location.url);
  });

  test('what needs attention is found, each with the events that show it', async () => {
    const place = await newPlace(kind);
    await trouble(place);

    const { findings, ok } = await examineStore(place.url);

    expect(ok).toBe(false);
    const stale = only(findings, 'stale_sessions');
    expect(stale).toMatchObject({ severity: 'warning', count: 1, fix: 'recover_stale' });
    expect(stale.subjects).toEqual([
      { namespace: 'default', sessionId: 'silent', taskId: 'silent', agent: 'company-agent' },
    ]);
    const { items } = await place.orchestrator.listEvents({ sessionId: 'silent' });
    expect(stale.events).toEqual([items.at(-1)?.id]);
    expect(items.at(-1)?.type).toBe('task.claimed');
    const fenced = only(findings, 'fenced_agents');
    expect(fenced).toMatchObject({ severity: 'warning', message: expect.stringContaining('company-agent-1') });
    expect(await typesOf(place, fenced.events)).toEqual(['lease.refused', 'lease.taken_over']);
    const unclaimed = only(findings, 'unclaimed_heads');
    expect(new Set(unclaimed.subjects.map(({ taskId }) => taskId))).toEqual(new Set(['for-another', 'lonely']));
    expect(await typesOf(place, unclaimed.events)).toEqual(['task.queued', 'task.queued']);
    const blocked = only(findings, 'blocked_queues');
    expect(blocked.subjects.map(({ taskId }) => taskId)).toEqual(['for-another']);
    expect(blocked.message).toMatch(/1 task behind it.*role editor/);
    expect(only(findings, 'near_misses')).toMatchObject({ severity: 'warning', count: 2 });
  });

  test('what is safe is done on request, and said; what is left is told of afterwards', async () => {
    const place = await newPlace(kind);
    await trouble(place);

    const { findings, fixes } = await examineStore(place.url, { fix: true });

    expect(fixes).toEqual([
      { fix: 'recover_stale', done: true, message: expect.stringMatching(/^1 session recovered/) },
    ]);
    expect(only(findings, 'stale_sessions').severity).toBe('ok');
    expect(only(findings, 'fenced_agents').severity).toBe('warning');
    expect(await place.orchestrator.getTask('silent')).toMatchObject({ status: 'queued', interruptions: 1 });
  });

  test('a jump of the clock is told of, with its events', async () => {
    const place = await newPlace(kind);
    await place.orchestrator.enqueueTask({ sessionId: 's' });
    await claim(place, 's');
    place.clock.setWall(-600_000);
    await place.orchestrator.staleRecovery();

    const { findings } = await examineStore(place.url);

    const jump = only(findings, 'clock');
    expect(jump).toMatchObject({ severity: 'warning', message: expect.stringContaining('10 min') });
    expect(await typesOf(place, jump.events)).toEqual(['clock.jumped']);
  });

  test('a queue that was let go just now has not waited for long, however old its tasks are', async () => {
    const place = await newPlace(kind);
    await place.orchestrator.enqueueTasks([{ sessionId: 's' }, { sessionId: 's' }]);
    place.clock.advance(3 * HOUR - 60_000);
    await place.orchestrator.releaseTask({ ...(await claim(place, 's')), outcome: 'succeeded' });

    const { findings } = await examineStore(place.url);

    expect(only(findings, 'unclaimed_heads')).toMatchObject({
      severity: 'ok',
      message: expect.stringContaining('1 session'),
    });
  });

  test('it only reads', async () => {
    const place = await newPlace(kind);
    await trouble(place);
    const everything = async () => [
      await place.orchestrator.asOf(),
      await place.orchestrator.listSessions({ limit: 500 }),
      await place.orchestrator.listTasks({ limit: 500 }),
    ];
    const before = await everything();

    await examineStore(place.url);

    expect(await everything()).toEqual(before);
  });

  test('a store of an older version is a finding, and is not upgraded', async () => {
    const { url, run } = await newPlace(kind);
    const older =
      kind === 'sqlite' ? 'PRAGMA user_version = 1' : `UPDATE orchestrator.meta SET value = '1' WHERE key = 'schema'`;
    await run(older);

    const { findings, ok, asOf } = await examineStore(url, { fix: true });

    expect([ok, asOf]).toEqual([false, null]);
    expect(found(findings)).toMatchObject([
      {
        check: 'store',
        severity: 'error',
        message: expect.stringContaining('schema 1'),
        hint: expect.stringContaining('store init'),
      },
    ]);
  });

  test('a support bundle tells the same, and nothing that users put in, nor a password', async () => {
    const place = await newPlace(kind);
    const { orchestrator } = place;
    let canaries = 0;
    const canary = () => `canary-${(canaries += 1)}`;
    await orchestrator.enqueueTask({
      sessionId: 's',
      title: canary(),
      payload: { secret: canary() },
      dedupeKey: canary(),
      author: canary(),
      reviewer: canary(),
      source: canary(),
    });
    await orchestrator.enqueueTask({ sessionId: 's', payload: canary() });
    const first = await claim(place, 's');
    await orchestrator.heartbeat({ ...first, progress: canary() });
    await orchestrator.checkpoint({
      ...first,
      lastAction: canary(),
      nextAction: canary(),
      memoryRef: canary(),
      data: { secret: canary() },
    });
    await orchestrator.releaseTask({ ...first, outcome: 'succeeded', result: canary() });
    const second = await claim(place, 's');
    await orchestrator.releaseTask({ ...second, outcome: 'failed', error: { message: canary(), code: canary() } });
    place.clock.advance(60_000);
    const third = await claim(place, 's');
    await orchestrator.releaseTask({ ...third, outcome: 'released', note: canary() });
    await claim(place, 's');

    const environment = { ORCHESTRATOR_STORE: place.url, ORCHESTRATOR_KEY: canary(), PATH: canary() };
    const bundle = await makeBundle(place.url, await examineStore(place.url), { version: '1.2.3', environment });

    const text = JSON.stringify(bundle);
    expect(canaries).toBe(18);
    expect(text).not.toContain('canary');
    expect(text).not.toContain(PASSWORD);
    expect(bundle.variables).toEqual(['ORCHESTRATOR_KEY', 'ORCHESTRATOR_STORE']);
    expect(bundle).toMatchObject({
      versions: { orchestrator: '1.2.3' },
      namespaces: [{ namespace: 'default', counts: { tasks: { succeeded: 1 } } }],
      sessions: [{ id: 's', status: 'running' }],
      tasks: [{ sessionId: 's', status: 'running' }],
    });
    expect(bundle.events.length).toBe(await orchestrator.asOf());
    expect(bundle.examination.findings.map(({ check }) => check)).toContain('stale_sessions');
  });
});

test('a file that is not there is a finding, and is not made', async () => {
  const path = join(tmpdir(), 'nowhere', 'store.db');

  const { findings, ok } = await examineStore(`sqlite:${path}`, { fix: true });

  expect(ok).toBe(false);
  expect(findings).toMatchObject([
    { check: 'store', severity: 'error', message: expect.stringContaining('STORE_NOT_FOUND') },
  ]);
  expect(existsSync(path)).toBe(false);
});

test('a server that cannot be reached is a finding without the password', async () => {
  const examination = await examineStore(`postgres://agent:${PASSWORD}@127.0.0.1:1/db`);

  expect(examination.findings).toMatchObject([{ check: 'store', severity: 'error' }]);
  expect(JSON.stringify(examination)).not.toContain(PASSWORD);
  expect(JSON.stringify(await makeBundle(examination.url, examination, { version: '1' }))).not.toContain(PASSWORD);
});

test('while another process writes, a file is looked at all the same', async () => {
  const { url } = await newPlace('sqlite');
  const writer = openWriter(url.slice('sqlite:'.length));
  writer.exec('BEGIN IMMEDIATE');

  const { findings } = await examineStore(url);
  writer.exec('ROLLBACK');
  writer.close();

  expect(found(findings)).toEqual([]);
});

test.skipIf(process.platform === 'win32')('files that others may read are tightened', async () => {
  const { url } = await newPlace('sqlite');
  const path = url.slice('sqlite:'.length);
  chmodSync(path, 0o644);

  const before = await examineStore(url);
  const { ok, fixes } = await examineStore(url, { fix: true });

  expect(found(before.findings)).toMatchObject([{ check: 'permissions', fix: 'tighten_files' }]);
  expect([ok, fixes]).toEqual([true, [{ fix: 'tighten_files', done: true, message: expect.stringContaining(path) }]]);
});

test('a log that has grown is emptied', async () => {
  const { url, orchestrator } = await newPlace('sqlite');
  await orchestrator.enqueueTask({ delayMs: 24 * HOUR });
  // As large as a log gets while a process reads for hours; SQLite takes no notice of what follows its last frame.
  truncateSync(`${url.slice('sqlite:'.length)}-wal`, 200_000_000);

  const grown = await examineStore(url);
  const { findings, fixes } = await examineStore(url, { fix: true });

  expect(found(grown.findings)).toMatchObject([{ check: 'log_size', severity: 'warning', fix: 'empty_log' }]);
  expect(fixes).toMatchObject([{ fix: 'empty_log', message: expect.stringContaining('emptied') }]);
  expect(only(findings, 'log_size').severity).toBe('ok');
  expect(await orchestrator.verify()).toMatchObject({ ok: true, events: 2 });
});

test('who may only look on is told what could not be done', async () => {
  const place = await newPlace('postgres');
  await trouble(place);
  const reader = { user: 'doctors_reader', password: PASSWORD };
  await withRoles(place.run, [login(reader.user, 'orchestrator_reader')]);

  const { findings, fixes } = await examineStore(userUrl(place.url, reader), { fix: true });

  expect(only(findings, 'permissions')).toMatchObject({ severity: 'notice' });
  expect(only(findings, 'stale_sessions')).toMatchObject({ severity: 'warning' });
  expect(fixes).toMatchObject([
    { fix: 'recover_stale', done: false, message: expect.stringContaining('STORE_PERMISSION') },
  ]);
});

test('the login of a superuser is told of', async () => {
  const database = await createDatabase(inject('postgresUrl'), { migrated: false });
  onTestFinished(() => database.drop());
  const storage = await openPostgresStorage({ url: database.adminUrl });
  await storage.migrate();
  await storage.close();

  const { findings } = await examineStore(database.adminUrl);

  expect(only(findings, 'permissions')).toMatchObject({
    severity: 'warning',
    message: expect.stringContaining('superuser'),
  });
});
