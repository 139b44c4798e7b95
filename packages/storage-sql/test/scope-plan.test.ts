/**
 * What is read for a scope, and what a unit of work is given of it, without a database:
 * - each scope says what is read, and nothing that it does not name
 * - sessions come in one order: named ones, what is held and stale, further ones, heads
 * - a due time is told only where there is nothing to claim
 * - whether anything is due is looked up where the plan asks for it, and nowhere else
 */
import type { LoadedSession, Scope, Session } from '@agent-orchestrator/core';
import { expect, test } from 'vitest';
import { foundFor, planScope, type PlannedRows } from '../src/scope-plan.ts';

const READY = { addressees: [''], limit: 1 };
const NONE = planScope({ by: 'held', namespace: 'n', limit: 1, after: null });

const SCOPES: readonly (readonly [name: string, scope: Scope, reads: object])[] = [
  [
    'sessions',
    { by: 'sessions', namespace: 'n', sessions: [{ fence: 7 }], openTasksLimit: 5, nextReady: READY },
    {
      refs: [{ fence: 7 }],
      openTasksLimit: 5,
      withTheirSessions: true,
      withAwaited: true,
      ready: READY,
      asksForDue: true,
    },
  ],
  [
    'a session by its id',
    { by: 'sessions', namespace: 'n', sessions: [{ sessionId: 's' }] },
    { refs: [{ sessionId: 's' }], withTheirSessions: true, withAwaited: true, asksForDue: true },
  ],
  [
    'a session by a fence, with other tasks and numbers',
    { by: 'sessions', namespace: 'n', sessions: [{ fence: 7 }], extraTaskIds: ['t', 't'], newRows: 2 },
    { refs: [{ fence: 7 }], taskIds: ['t'], withTheirSessions: true, withAwaited: true, newNumbers: 2 },
  ],
  [
    'ready',
    { by: 'ready', namespace: 'n', ...READY, staleLimit: 8, heldBy: 'me' },
    { ready: expect.objectContaining(READY), staleLimit: 8, heldBy: 'me', asksForDue: true },
  ],
  [
    'stale',
    { by: 'stale', namespace: 'n', limit: 9, extraSessionIds: ['s', 's'] },
    { staleLimit: 9, sessionIds: ['s'], onlyHeld: true, asksForDue: true },
  ],
  ['delayed', { by: 'delayed', namespace: 'n', limit: 9 }, { delayedLimit: 9, withTheirSessions: true }],
  ['due', { by: 'due', namespace: 'n', limit: 9 }, { dueLimit: 9, withTheirSessions: true }],
  ['task', { by: 'task', namespace: 'n', taskId: 't' }, { taskIds: ['t'], withTheirSessions: true }],
  [
    'task with the holder of its key',
    { by: 'task', namespace: 'n', taskId: 't', keyHolder: true },
    { taskIds: ['t'], withTheirSessions: true, keyHolders: true },
  ],
  [
    'new',
    { by: 'new', namespace: 'n', sessionIds: ['a', 'b'], taskIds: ['a', 'c'], dedupeKeys: ['k'] },
    { sessionIds: ['a', 'b'], taskIds: ['a', 'c'], dedupeKeys: ['k'], newNumbers: 3 },
  ],
];

test.each(SCOPES)('%s says what is read, and nothing else', (_, scope, reads) => {
  expect(planScope({ ...scope, commandId: 'c' })).toEqual({ ...NONE, heldPage: null, commandId: 'c', ...reads });
});

test('a page of what is held is read for itself', () => {
  const scope: Scope = { by: 'held', namespace: '', limit: 9, after: null };

  expect(planScope(scope)).toEqual({ ...NONE, namespace: '', heldPage: scope });
});

const session = (id: string, status: Session['status'] = 'idle'): LoadedSession =>
  ({ session: { id, status }, task: null, head: null }) as unknown as LoadedSession;
const rows = (some: Partial<PlannedRows>): PlannedRows => ({
  named: [],
  own: [],
  held: [],
  further: [],
  heads: [],
  tasks: [],
  agents: [],
  ownDueAt: () => 1,
  dueAt: () => 2,
  isDue: () => true,
  ...some,
});
const idsOf = (found: ReturnType<typeof foundFor>): string[] => found.sessions.map(({ session: { id } }) => id);

test('sessions come in one order', () => {
  const parts = { own: [session('o')], held: [session('h')], further: [session('f')], heads: [session('r')] };

  expect(idsOf(foundFor(NONE, rows(parts)))).toEqual(['o', 'h', 'f', 'r']);
});

test('of the sessions that a recovery names, those come that are held and not stale anyway', () => {
  const plan = planScope({ by: 'stale', namespace: 'n', limit: 1, extraSessionIds: ['stale', 'held', 'idle'] });
  const further = [session('stale', 'running'), session('held', 'running'), session('idle')];

  expect(idsOf(foundFor(plan, rows({ held: [session('stale', 'running')], further })))).toEqual(['stale', 'held']);
});

test('when the next task is due is told where there is nothing to claim', () => {
  const ready = planScope({ by: 'ready', namespace: 'n', ...READY, staleLimit: 0 });
  const named = planScope({ by: 'sessions', namespace: 'n', sessions: [{ sessionId: 's' }] });
  const withHead = { ...session('s'), head: {} } as unknown as LoadedSession;

  expect(foundFor(ready, rows({})).nextDueAt).toBe(2);
  expect(foundFor(ready, rows({ heads: [session('r')] })).nextDueAt).toBeNull();
  expect(foundFor(named, rows({ own: [session('s')] })).nextDueAt).toBe(1);
  expect(foundFor(named, rows({ own: [withHead] })).nextDueAt).toBeNull();
  expect(foundFor(NONE, rows({})).nextDueAt).toBeNull();
});

const unasked = (): never => expect.unreachable('it was looked up');

test('whether anything is due is told where the plan asks for it', () => {
  const named = planScope({ by: 'sessions', namespace: 'n', sessions: [{ sessionId: 's' }] });

  expect(foundFor(named, rows({})).isDue).toBe(true);
  expect(foundFor(named, rows({ isDue: () => false })).isDue).toBe(false);
  expect(foundFor(NONE, rows({ isDue: unasked })).isDue).toBe(false);
});
