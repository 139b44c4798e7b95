/**
 * Rows of kinds that most stores have none of:
 * - a connection that found none finds the first one, whether it added that itself or another connection did
 * - until then, it looks for them once
 */
import type { Agent, Dependency, Loaded, Scope, Storage, WriteSet } from '@agent-orchestrator/core';
import Database from 'better-sqlite3';
import { describe, expect, test, vi } from 'vitest';
import { aDecision, aSession, aStore, aTask, add } from './factories.ts';

const OF = { namespace: 'default' } as const;
const NEW = { ...OF, by: 'new', sessionIds: [], taskIds: [], dedupeKeys: [] } as const;
/** A claim that finds the head of `s1`, and one that finds none. */
const CLAIM = { ...OF, by: 'ready', addressees: [''], agents: ['a'], limit: 1, staleLimit: 4 } as const;
const IN_VAIN = { ...CLAIM, addressees: ['role:r'] } as const;
const ABOUT = { ...OF, by: 'task', taskId: 't1' } as const;

const PAST = 1;
const FUTURE = Date.UTC(2100, 0, 1);

const dependency: Dependency = {
  ...OF,
  taskId: 't2',
  dependencyId: 't1',
  onDependencyFailure: 'run',
  ended: null,
};
const newTask = (over: Parameters<typeof aTask>[0]) => [{ before: null, after: aTask({ id: 'new', ...over }) }];
const agent: Agent = {
  ...OF,
  name: 'a',
  status: 'active',
  roles: '[]',
  machine: null,
  human: 0,
  publicKey: null,
  signedRoles: '[]',
  seq: 1,
  hash: 'a'.repeat(64),
  version: 1,
  createdAt: PAST,
  updatedAt: PAST,
};
const stale = aSession({
  id: 's2',
  status: 'running',
  agent: 'b',
  fence: 7,
  tokenHash: 'b'.repeat(64),
  ttlMs: 1_000,
  staleAfterMs: 1_000,
  leaseExpiresAt: PAST,
  heartbeatAt: PAST,
  staleAt: PAST,
  taskId: 't9',
});

/** The statements that look for them. */
const RARE = /EXISTS|FROM depend|INDEXED BY (?:tasks_(?:of_parent|returning|due)|sessions_stale)/;

/** What is added, and where it is seen. */
const KINDS: Readonly<Record<string, readonly [Partial<WriteSet<null>>, Scope, (loaded: Loaded) => boolean]>> = {
  'an entry of the registry': [
    { agents: [{ before: null, after: agent }], tasks: newTask({}) },
    CLAIM,
    ({ agents }) => agents.length === 1,
  ],
  'a dependency': [
    { dependencies: [{ before: null, after: dependency }], tasks: newTask({}) },
    ABOUT,
    ({ dependedOn = [] }) => dependedOn.includes('t1'),
  ],
  'an end of a dependency': [
    {
      dependencies: [{ before: null, after: dependency }],
      endedDependencies: [{ ...OF, dependencyId: 't1', seq: 1, status: 'succeeded', policies: ['run'] }],
      tasks: newTask({}),
    },
    CLAIM,
    ({ isDue }) => isDue,
  ],
  'a sub-task': [{ tasks: newTask({ parentId: 't1' }) }, CLAIM, ({ withSubtasks = [] }) => withSubtasks.includes('t1')],
  'a scheduled task': [
    { tasks: newTask({ status: 'scheduled', runAt: FUTURE, queuedAt: FUTURE }) },
    IN_VAIN,
    ({ nextDueAt }) => nextDueAt === FUTURE,
  ],
  'a task that goes back': [
    { tasks: newTask({ assignee: 'b', handedOffBy: 'a', handedOffAt: PAST, returnAt: PAST }) },
    CLAIM,
    ({ isDue }) => isDue,
  ],
  'a stale session': [
    { sessions: [{ before: null, after: stale }] },
    CLAIM,
    ({ sessions }) => sessions.some(({ session }) => session.id === 's2'),
  ],
};

const sees = async (storage: Storage, scope: Scope, isSeen: (loaded: Loaded) => boolean): Promise<boolean> =>
  storage.transact(scope, (loaded) => aDecision(isSeen(loaded)));

describe.each(Object.entries(KINDS))('%s', (_, [added, scope, isSeen]) => {
  test.each(['the same connection', 'another one'])('is found when it was added by %s', async (by) => {
    const { path, storage } = await aStore();
    await add(storage, aSession(), [aTask({ id: 't1', priority: 1 }), aTask({ id: 't2' })]);
    const { storage: other } = await aStore({ path });

    expect(await sees(storage, scope, isSeen)).toBe(false);
    expect(await sees(storage, scope, isSeen)).toBe(false);
    await (by === 'the same connection' ? storage : other).transact(NEW, () => aDecision(null, added));
    expect(await sees(storage, scope, isSeen)).toBe(true);
    expect(await sees(storage, scope, isSeen)).toBe(true);

    await storage.close();
    await other.close();
  });
});

test('what is not there is looked for once', async () => {
  const { storage } = await aStore();
  await add(storage, aSession(), [aTask()]);
  const both = async () => {
    for (const scope of [CLAIM, IN_VAIN, ABOUT]) await sees(storage, scope, () => true);
  };
  await both();
  const db = new Database(':memory:');
  const get = vi.spyOn(Object.getPrototypeOf(db.prepare('SELECT 1')) as Database.Statement, 'get');

  await both();

  const sources = (get.mock.contexts as Database.Statement[]).map(({ source }) => source);
  expect(sources.filter((source) => RARE.test(source))).toEqual([]);
  get.mockRestore();
  db.close();
  await storage.close();
});
