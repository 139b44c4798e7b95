// The views that show a store to any SQL tool:
// - they show every row as the API does, under the names of its columns
// - their text in the migration is the one that follows from where the columns stand
// - they change nothing, and a held lease shows neither its token nor the hash of it
import { COLUMNS, Orchestrator } from '@agent-orchestrator/core';
import { newCommandId } from '@agent-orchestrator/storage-conformance';
import Database from 'better-sqlite3';
import { beforeAll, expect, test } from 'vitest';
import { openSqliteStorage } from '../src/index.ts';
import { VIEW_TEXTS } from '../src/schema/views.ts';
import { newSeed } from './new-seed.ts';
import { newPath } from './temporary-store.ts';

type Row = Readonly<Record<string, unknown>>;

let path: string;
let shown: Readonly<Record<string, readonly Row[]>>;
let known: Readonly<Record<'tasks' | 'sessions' | 'agents' | 'events', readonly object[]>>;
let token: string;

/** Two namespaces, a task that ended, one that runs, one that waits, and a checkpoint. */
beforeAll(async () => {
  path = newPath();
  const storage = await openSqliteStorage({ path });
  await storage.migrate();
  const orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
  const claim = async () => {
    const claimed = await orchestrator.claimTask({ agent: 'company-agent' });
    if (!claimed.ok) throw new Error('it can be claimed');
    return claimed.lease;
  };
  await orchestrator.enqueueTask({ id: 'ended' });
  await orchestrator.releaseTask({ token: (await claim()).token, outcome: 'succeeded', result: [1] });
  await orchestrator.enqueueTasks([
    { id: 'runs', sessionId: 's', payload: { text: '한국어' } },
    { id: 'waits', sessionId: 's' },
  ]);
  await orchestrator.enqueueTask({ id: 'elsewhere', namespace: 'other' });
  await orchestrator.registerAgent({ agent: 'company-agent', roles: ['builder'], machine: '책상' });
  await orchestrator.registerAgent({ agent: 'home-agent', human: true, namespace: 'other' });
  await orchestrator.setAgentPolicy({ agents: 'registered_only', namespace: 'other' });
  token = (await claim()).token;
  await orchestrator.checkpoint({ token, data: { page: 3 } });
  const { read } = storage;
  const all = { limit: 100 };
  const [sessions, tasks, agents, events] = [[], [], [], []] as object[][];
  for (const namespace of await read.namespaces()) {
    sessions?.push(...(await read.sessions({ namespace, ...all })).items);
    tasks?.push(...(await read.tasks({ namespace, ...all })).items);
    agents?.push(...(await read.agents({ namespace, ...all })).items);
    events?.push(...(await read.events({ namespace, ...all, upTo: await read.settledEventId() })).items);
  }
  known = { sessions: sessions ?? [], tasks: tasks ?? [], agents: agents ?? [], events: events ?? [] };
  await storage.close();
  const db = new Database(path, { readonly: true });
  const names = Object.keys(VIEW_TEXTS);
  shown = Object.fromEntries(names.map((name) => [name, db.prepare<[], Row>(`SELECT * FROM ${name}`).all()]));
  db.close();
});

const named = (columns: Readonly<Record<string, string>>, rows: readonly object[]): Row[] =>
  rows.map((row) =>
    Object.fromEntries(Object.entries(columns).map(([field, column]) => [column, (row as Row)[field]])),
  );

test.each([
  ['tasks_v', COLUMNS.task, 'tasks'],
  ['sessions_v', COLUMNS.session, 'sessions'],
  ['agents_v', COLUMNS.agent, 'agents'],
  ['events_v', COLUMNS.event, 'events'],
] as const)('%s shows what the API shows', (view, columns, rows) => {
  const wanted = named(columns, known[rows]);
  expect(wanted.length).toBeGreaterThan(2);
  expect(shown[view]).toHaveLength(wanted.length);
  for (const row of wanted) expect(shown[view]).toContainEqual(expect.objectContaining(row));
});

test('leases_v shows what is held, with neither the token nor its hash', () => {
  const held = named(COLUMNS.session, known.sessions).filter(({ status }) => status === 'running');
  expect(shown['leases_v']).toMatchObject([
    { namespace: 'default', session_id: 's', task_id: 'runs', agent: 'company-agent' },
  ]);
  const [lease = {}] = shown['leases_v'] ?? [];
  const [session = {}] = held;
  expect(lease).toEqual({
    ...Object.fromEntries(Object.keys(lease).map((column) => [column, session[column]])),
    session_id: session['id'],
  });
  expect(JSON.stringify(shown)).not.toContain(token.split('-')[1]);
  expect(JSON.stringify(shown['leases_v'])).not.toContain(String(held[0]?.['token_hash']));
});

test('the migration makes the views that follow from where the columns stand', () => {
  const db = new Database(path, { readonly: true });
  const made = db.prepare<[], { name: string; sql: string }>(`SELECT name, sql FROM sqlite_schema WHERE type = 'view'`);
  const views = Object.fromEntries(made.all().map(({ name, sql }) => [name, sql.slice(sql.indexOf('SELECT'))]));
  db.close();

  expect(views).toEqual(VIEW_TEXTS);
});
