// A store with trouble in it, for what examines stores: on a file or on a server, with a clock that the test owns.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Orchestrator, type Storage } from '@agent-orchestrator/core';
import { newCommandId, newSeed, type Finding } from '@agent-orchestrator/runtime';
import { TestClock } from '@agent-orchestrator/storage-conformance';
import { openPostgresStorage, ROLE_STATEMENTS } from '@agent-orchestrator/storage-postgres';
import { openSqliteStorage } from '@agent-orchestrator/storage-sqlite';
import { inject, onTestFinished } from 'vitest';
import { createDatabase, userUrl, withAdmin } from '../../packages/storage-postgres/test/harness/databases.ts';
import { openWriter } from '../../packages/storage-sqlite/src/connection.ts';

export const HOUR_MS = 3_600_000;
export const PASSWORD = 'hunter2';

/** A store, and an orchestrator on it whose clock the test owns; it begins hours ago, so that the present is late. */
export interface Place {
  readonly url: string;
  readonly clock: TestClock;
  readonly orchestrator: Orchestrator;
  /** Runs a statement past the storage. */
  readonly run: (statement: string) => Promise<void>;
}

export const KINDS = ['sqlite', 'postgres'] as const;

export async function newPlace(kind: (typeof KINDS)[number]): Promise<Place> {
  const clock = new TestClock({ wall: Date.now() - 3 * HOUR_MS });
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

export function login(user: string, role: string): string {
  return `DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${user}') THEN
    CREATE ROLE ${user} LOGIN PASSWORD '${PASSWORD}' IN ROLE ${role}; END IF; END $$`;
}

/** Roles belong to the server: another test file may be making them at this moment. */
export async function withRoles(run: Place['run'], statements: readonly string[]): Promise<void> {
  for (let triesLeft = 5; ; triesLeft -= 1) {
    try {
      for (const statement of statements) await run(statement);
      return;
    } catch (error) {
      if (triesLeft === 0) throw error;
    }
  }
}

/** By a clock that is behind, an id of the present would come from the future. */
function commandIdOf(clock: TestClock): string {
  const time = clock.now.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${newCommandId().slice(13)}`;
}

/** The findings that are not `ok`, without those that depend on the settings of the tests' server. */
export function found(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ severity, check }) => severity !== 'ok' && check !== 'durability');
}

export function only(findings: readonly Finding[], check: Finding['check']): Finding {
  const [first, ...others] = findings.filter((finding) => finding.check === check);
  if (first === undefined || others.length > 0) throw new Error(`not one finding of ${check}`);
  return first;
}

export const claim = async ({ orchestrator }: Place, sessionId: string, agent = 'company-agent') => {
  const claimed = await orchestrator.claimTask({ agent, sessionId, instance: `${agent}-1`, ttlMs: 60_000 });
  if (!claimed.ok) throw new Error(`nothing was claimed: ${claimed.reason}`);
  return { token: claimed.lease.token, instance: `${agent}-1` };
};

export const typesOf = async ({ orchestrator }: Place, ids: readonly number[]) => {
  const { items } = await orchestrator.listEvents({ limit: 500 });
  return ids.map((id) => items.find((event) => event.id === id)?.type);
};

/** A silent holder, a fenced one, a late renewal, a head that no agent takes, a queue behind a head for another. */
export async function trouble(place: Place): Promise<void> {
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
