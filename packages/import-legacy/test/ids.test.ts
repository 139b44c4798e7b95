/**
 * Promises about old ids and names:
 * - what a new id or name may be stays as it is: other scripts, ids of agent hosts, spaces inside, signs
 * - another Unicode form becomes form NFC
 * - what is refused gets a digest at its end: the same at every import, and never the id of another row
 * - the report says what was changed
 */
import Database from 'better-sqlite3';
import { compareCodePoints, fields, LIMITS } from '@agent-orchestrator/core';
import { describe, expect, test } from 'vitest';
import { dedupeKeyFrom, idsInstead, nameFrom } from '../src/names.ts';
import { after, contentsOf, imported } from './imported.ts';
import { ago, event, NOW, oldFile, running, session, task, type OldRowsByTable } from './old-files.ts';

describe('what may stay', () => {
  test.each([
    ['Hangul', '회사-대화'],
    ['Japanese', '会話・その１'],
    ['beyond the Basic Multilingual Plane', '𠮷野家🦀'],
    ['accents', 'séance d’été'],
    ["a host's id", 'agent:main:signal:group:aGVsbG8gd29ybGQ='],
    ['signs', '%{a}; b=1 #2 (3) "4" \\5'],
    ['spaces inside', 'one  two'],
    ['a digest of its own', 'job-3a8844ad6ea7'],
    ['the longest', '한'.repeat(LIMITS.id_characters_max)],
  ])('stays as it is: %s', async (_what, id) => {
    const rows = {
      session_state: [session({ session_id: id })],
      task_queue: [task({ task_id: id, session_id: id, dedupe_key: id })],
      event_log: [event({ session_id: id })],
    };

    const { sessions, tasks, events, changes } = await after(rows);

    expect(sessions).toMatchObject([{ id }]);
    expect(tasks).toMatchObject([{ id, sessionId: id, dedupeKey: id }]);
    expect(events.map(({ sessionId }) => sessionId)).toEqual([id, id, id]);
    expect(changes).toEqual([]);
  });

  test('names of agents, kinds and namespaces stay in any script', async () => {
    const path = oldFile([4], {
      session_state: [running({ namespace: '본사', owner_agent: '회사재규', lock_expires_at: ago(-90) })],
      task_queue: [task({ task_type: '검토', status: 'running' })],
      event_log: [event({ actor_agent: '집재규' })],
    });

    const store = await imported(path);

    const { sessions, tasks, events } = await contentsOf(store, '본사');
    expect(store.changes).toEqual([]);
    expect([sessions, tasks]).toMatchObject([[{ agent: '회사재규' }], [{ kind: '검토', title: '검토' }]]);
    expect(events.find(({ type }) => type === 'legacy.event')?.agent).toBe('집재규');
  });

  test('a dedupe key may look like a number, an id may not', async () => {
    const { tasks, changes } = await after({
      session_state: [session()],
      task_queue: [task({ task_id: 'a', dedupe_key: 't42' }), task({ task_id: 't42' }), task({ task_id: 's17' })],
    });

    expect(tasks.map(({ id, dedupeKey }) => [id, dedupeKey])).toEqual([
      ['a', 't42'],
      [expect.stringMatching(/^s17-[0-9a-f]{12}$/), null],
      [expect.stringMatching(/^t42-[0-9a-f]{12}$/), null],
    ]);
    expect(changes.map(({ kind }) => kind)).toEqual(['id_changed']);
  });
});

describe('another Unicode form', () => {
  const [composed, decomposed] = ['회사-대화', '회사-대화'.normalize('NFD')];

  test('becomes form NFC, which the report says', async () => {
    const { sessions, tasks, events, changes } = await after({
      session_state: [session({ session_id: decomposed })],
      task_queue: [task({ session_id: decomposed, owner_agent: '집재규'.normalize('NFD'), status: 'done' })],
    });

    expect([sessions, tasks]).toMatchObject([[{ id: composed }], [{ sessionId: composed }]]);
    expect(events.find(({ type }) => type === 'task.claimed')?.agent).toBe('집재규');
    expect(changes).toMatchObject([{ kind: 'id_normalized', count: 2, examples: [{ becomes: composed }, {}] }]);
  });

  test.each([
    ['its form NFC is there as well', [composed, decomposed]],
    ['so is that of another', ['\u1e69', 's\u0323\u0307', 's\u0307\u0323']],
  ])('gets a digest where %s', async (_what, ids) => {
    const [kept = ''] = ids;

    const { sessions, tasks } = await after({
      session_state: ids.map((id) => session({ session_id: id })),
      task_queue: ids.map((id) => task({ task_id: id, session_id: id })),
    });

    const [first, ...others] = sessions.map(({ id }) => id);
    expect(first).toBe(kept);
    expect(others).toHaveLength(ids.length - 1);
    expect(new Set(others).size).toBe(others.length);
    for (const id of others) expect(id).toMatch(new RegExp(`^${kept}-[0-9a-f]{12}$`));
    expect(new Set(tasks.map(({ sessionId }) => sessionId)).size).toBe(ids.length);
  });

  test('of two alone, one becomes form NFC', async () => {
    const forms = ['s\u0323\u0307', 's\u0307\u0323'];

    const { sessions } = await after({ session_state: forms.map((id) => session({ session_id: id })) });

    expect(sessions.map(({ id }) => id)).toEqual(['\u1e69', expect.stringMatching(/^\u1e69-[0-9a-f]{12}$/)]);
  });

  test('of a dedupe key is the same key, and of a namespace the same namespace', async () => {
    const path = oldFile([4], {
      session_state: [
        session({ namespace: composed }),
        session({ session_id: 's-other', namespace: decomposed }),
        session({ session_id: 's-else', namespace: 'web' }),
      ],
      task_queue: [
        task({ task_id: 'older', dedupe_key: 'ke\u0301', created_at: ago(20) }),
        task({ task_id: 'newer', dedupe_key: 'k\u00e9', created_at: ago(10), session_id: 's-other' }),
        task({ task_id: 'else', dedupe_key: 'k\u00e9', created_at: ago(5), session_id: 's-else' }),
      ],
    });

    const store = await imported(path);

    expect((await contentsOf(store, composed)).tasks).toMatchObject([
      { id: 'newer', dedupeKey: null },
      { id: 'older', dedupeKey: 'k\u00e9' },
    ]);
    expect((await contentsOf(store, 'web')).tasks).toMatchObject([{ id: 'else', dedupeKey: 'k\u00e9' }]);
  });
});

describe('what is refused', () => {
  const refused: OldRowsByTable = {
    session_state: [
      session({ session_id: ' 대화 1' }),
      session({ session_id: '대화 1 ' }),
      session({ session_id: '대화\u200b1' }),
      session({ session_id: 'x'.repeat(200) }),
      session({ session_id: `${'한'.repeat(127)}🦀🦀` }),
    ],
    task_queue: [
      task({
        task_id: 'a\ntask',
        session_id: ' 대화 1',
        task_type: 'code:검토',
        owner_agent: 'Agent Smith',
        status: 'done',
      }),
      task({ task_id: ' ', session_id: ' 대화 1', dedupe_key: 'k\u200bk' }),
    ],
  };

  test('keeps what can be read of it, and gets a digest', async () => {
    const { sessions, tasks, events, changes } = await after(refused);

    expect(sessions.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^x{115}-[0-9a-f]{12}$/),
      expect.stringMatching(/^대화 1-[0-9a-f]{12}$/),
      expect.stringMatching(/^대화 1-[0-9a-f]{12}$/),
      expect.stringMatching(/^대화_1-[0-9a-f]{12}$/),
      expect.stringMatching(/^한{115}-[0-9a-f]{12}$/),
    ]);
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(5);
    expect(tasks).toMatchObject([
      { id: expect.stringMatching(/^_-[0-9a-f]{12}$/), dedupeKey: expect.stringMatching(/^k_k-[0-9a-f]{12}$/) },
      {
        id: expect.stringMatching(/^a_task-[0-9a-f]{12}$/),
        kind: expect.stringMatching(/^code_검토-[0-9a-f]{12}$/),
        title: 'code:검토',
      },
    ]);
    expect(events.find(({ type }) => type === 'task.claimed')?.agent).toMatch(/^Agent_Smith-[0-9a-f]{12}$/);
    expect(changes.map(({ kind }) => kind)).toEqual(['id_changed']);
  });

  test('becomes the same at every import', async () => {
    const [once, again] = [await after(refused), await after(refused)];

    expect([again.sessions, again.tasks, again.digest]).toEqual([once.sessions, once.tasks, once.digest]);
  });

  test('never gets an id that another row has', async () => {
    const instead = idsInstead('a\u200b', keyOf('a\u200b'));
    const taken = instead.slice(0, 2);
    const rows = { session_state: [session()], task_queue: [...taken, 'a\u200b'].map((id) => task({ task_id: id })) };

    const { tasks, changes } = await after(rows);

    expect(tasks.map(({ id }) => id)).toEqual([...taken, instead[2] ?? ''].toSorted(compareCodePoints));
    expect(changes).toMatchObject([{ kind: 'id_changed', count: 1, examples: [{ becomes: instead[2] }] }]);
  });

  test.each([
    '',
    ' ',
    '\u0000',
    '.',
    '@',
    '-',
    '\u200b',
    '\ud800',
    '  x',
    'x\u2028',
    '🦀'.repeat(200),
    't1',
    'e\u0301',
  ])('becomes an id and a name that are allowed: %j', (raw) => {
    for (const id of idsInstead(raw, keyOf(raw))) expect(fields.newId.parse(id)).toBe(id);
    const dedupeKey = dedupeKeyFrom(raw, keyOf(raw));
    expect(fields.id.parse(dedupeKey)).toBe(dedupeKey);
    const name = nameFrom(raw);
    expect(fields.name.parse(name)).toBe(name);
  });

  test('bytes that are no text are kept apart by their bytes', async () => {
    const path = oldFile([4], { session_state: [session()] });
    const db = new Database(path);
    const [older, newer] = [new Date(NOW - 2_000).toISOString(), new Date(NOW - 1_000).toISOString()];
    db.exec(`INSERT INTO task_queue (task_id, session_id, task_type, created_at) VALUES
      (CAST(x'EDA080' AS TEXT), 'session-1', 'x', '${older}'), (CAST(x'EDA081' AS TEXT), 'session-1', 'x', '${newer}'),
      (x'61', 'session-1', 'x', '${newer}'), ('a', 'session-1', 'x', '${newer}')`);
    db.close();

    const ids = (await contentsOf(await imported(path))).tasks.map(({ id }) => id);

    expect(ids).toHaveLength(4);
    expect(ids).toEqual(expect.arrayContaining(['a', expect.stringMatching(/^a-[0-9a-f]{12}$/)]));
  });
});

/** As the rows of a file are told apart. */
function keyOf(id: string): string {
  return `text ${Buffer.from(id).toString('hex').toUpperCase()}`;
}
