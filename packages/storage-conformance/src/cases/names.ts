import { compareCodePoints, LIMITS, type ClaimRecord, type SessionKey } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { allPages } from '../everything.ts';
import { claimCall, holderOf, idsOf, TTL_MS } from '../factories.ts';
import { load } from '../port.ts';
import { thrownBy } from '../thrown.ts';
import type { World } from '../world.ts';

export const names = chapter('names and ids of any script', {
  'a name in Hangul is one name, composed or not: agent, instance, kind, role and namespace': hangulNames,
  'an id in Hangul is one id, composed or not: session, task and dedupe key': hangulIds,
  'names of Japanese, accented and rarer letters, beyond 16 bits too, come back as they were given': otherScripts,
  'ids of hosts are taken: colons, slashes, spaces inside, quotes, wildcards, braces': hostIds,
  'ids that a collation or a wildcard could take for one are different': notAlike,
  '128 characters of three bytes are taken, and one more is refused': threeBytes,
  'characters of four bytes count by their bytes, too': fourBytes,
  'an invisible character is refused in every name and id': invisible,
  'a name begins with a letter, a combining character, a digit or an underscore': beginnings,
  'lists come by code point, and so do their pages': listsByCodePoint,
  'where all else is equal the queue goes by code point, within a session and between sessions': queueByCodePoint,
  'namespaces are told by code point': namespacesByCodePoint,
  'held sessions come by namespace and id, in pages of any size': heldByCodePoint,
});

const HOME = '집재규'.normalize('NFC');
const COMPANY = '회사재규'.normalize('NFC');
const TALK = '회사-대화'.normalize('NFC');
const decomposed = (text: string) => text.normalize('NFD');

/** In the order of their code points. JavaScript's own order of UTF-16 units has the last ones before U+FF71. */
const BY_CODE_POINT = ['0', 'B', 'a', 'aB', 'b', 'é', 'я', 'あ', '漢', '가', '힣', 'ｱ', '𐍈', '𠮷', '𠮷b'];

async function hangulNames(world: World): Promise<void> {
  expect(decomposed(COMPANY)).not.toBe(COMPANY);
  const { task } = await world.orchestrator.enqueueTask({
    namespace: decomposed(TALK),
    assignee: decomposed(COMPANY),
    kind: decomposed('검토'),
  });
  const there = world.orchestratorOn(world.peer, { namespace: TALK });

  const other = await there.claimTask(claimCall({ agent: HOME, kinds: ['검토'] }));
  const claim = await there.claimTask(
    claimCall({ agent: COMPANY, kinds: ['검토'.normalize('NFC')], instance: decomposed(COMPANY) }),
  );
  if (!claim.ok) throw new Error(claim.reason);
  const mine = (await there.listSessions({ agent: decomposed(COMPANY) })).items.map(({ id }) => id);
  const beat = await there.heartbeat({ ...holderOf(claim), instance: COMPANY });
  await there.releaseTask({ ...holderOf(claim), outcome: 'handed_off', to: { role: decomposed('검토자') } });
  const byRole = await there.claimTask(claimCall({ agent: HOME, roles: ['검토자'.normalize('NFC')] }));

  expect(task).toMatchObject({ namespace: TALK, assignee: COMPANY, kind: '검토'.normalize('NFC') });
  expect(other).toMatchObject({ ok: false, reason: 'no_task' });
  expect(claim.lease).toMatchObject({ agent: COMPANY, instance: COMPANY });
  expect(mine).toEqual([claim.lease.sessionId]);
  expect(beat).toMatchObject({ ok: true });
  expect(byRole).toMatchObject({ ok: true, task: { id: task.id }, lease: { agent: HOME } });
}

async function hangulIds(world: World): Promise<void> {
  const first = await world.add({ id: '하나', sessionId: TALK, dedupeKey: '열쇠' });
  world.clock.advance(1);

  const second = await world.orchestrator.enqueueTask({ sessionId: decomposed(TALK) });
  const duplicate = await world.rival.enqueueTask({ dedupeKey: decomposed('열쇠') });
  const taken = await thrownBy(world.rival.enqueueTask({ id: decomposed('하나') }));
  const claim = await world.claim({ sessionId: decomposed(TALK), agent: COMPANY });

  expect(second.task.sessionId).toBe(TALK);
  expect(duplicate).toMatchObject({ outcome: 'duplicate', task: { id: first.id } });
  expect(taken).toMatchObject({ code: 'TASK_EXISTS' });
  expect(claim.task.id).toBe('하나'.normalize('NFC'));
  expect(await world.rival.getTask(decomposed('하나'))).toMatchObject({ status: 'running' });
  expect(await world.rival.getSession(decomposed(TALK))).toMatchObject({ id: TALK, tasksOpen: 2 });
  expect((await world.rival.listTasks({ sessionId: decomposed(TALK) })).items).toHaveLength(2);
  expect(await world.rival.cancelTask({ taskId: decomposed('하나') })).toMatchObject({ ok: true });
  expect((await world.rival.listSessions()).items).toHaveLength(1);
}

async function otherScripts(world: World): Promise<void> {
  const given = ['東京-エージェント', 'équipe-é', 'Ærøskøbing', 'агент', 'वकील', '𠮷野', '𝒶gent', '_42', 'a.b@c+d-e'];

  for (const name of given) {
    const claim = await world.claimNew({ id: `${name}/🦀`, kind: name }, { agent: name, instance: name });

    expect(claim.lease).toMatchObject({ agent: name, instance: name, sessionId: `${name}/🦀` });
    expect(await world.session(`${name}/🦀`)).toMatchObject({ agent: name, instance: name });
    expect(idsOf((await world.rival.listTasks({ kind: name })).items)).toEqual([`${name}/🦀`]);
    expect(await world.release(claim, { instance: name })).toMatchObject({ ok: true });
  }
}

const HOST_IDS = [
  'agent:main:signal:group:AbC+/=',
  'a b  c',
  '100%',
  '%',
  '_',
  '{}',
  '{"a":1}',
  ';',
  "it's; DROP TABLE sessions; --",
  String.raw`C:\work\repo`,
  'https://host/x?y=z#w',
  '$1 ? :a @b',
  '\u{1F980}',
  '한국어 대화',
  'NULL',
  '-',
  'T42',
  't42x',
  't',
];

async function hostIds(world: World): Promise<void> {
  for (const id of HOST_IDS) {
    const added = await world.add({ id, sessionId: `in ${id}`, dedupeKey: id });
    const claim = await world.claim({ sessionId: `in ${id}` });
    await world.orchestrator.checkpoint({ ...holderOf(claim), nextAction: id });
    await world.release(claim, { outcome: 'released' });

    expect(await world.session(`in ${id}`)).toMatchObject({ id: `in ${id}`, headTaskId: id });
    expect(await world.rival.enqueueTask({ dedupeKey: id })).toMatchObject({ outcome: 'duplicate', task: { id } });
    expect(idsOf((await world.rival.listTasks({ sessionId: added.sessionId })).items)).toEqual([id]);
    expect((await world.events({ taskId: id })).map(({ type }) => type)).toEqual([
      'task.queued',
      'task.claimed',
      'session.checkpointed',
      'task.released',
    ]);
    expect(await world.rival.cancelTask({ taskId: id })).toEqual({ ok: true, status: 'cancelled' });
  }
  const sessions = await allPages((page) => world.rival.listSessions(page), 2);
  expect(sessions.map(({ id }) => id)).toEqual(HOST_IDS.map((id) => `in ${id}`).toSorted(compareCodePoints));
}

async function notAlike(world: World): Promise<void> {
  const ids = [
    'main',
    'Main',
    'MAIN',
    'máin',
    'ｍａｉｎ',
    'ma in',
    'ma-in',
    'm_in',
    'm%',
    'strasse',
    'straße',
    'か',
    'カ',
    '１',
    '1',
  ];

  for (const id of ids)
    expect(await world.orchestrator.enqueueTask({ id, dedupeKey: id })).toMatchObject({ task: { id } });

  for (const id of ids) {
    expect(await world.rival.getTask(id)).toMatchObject({ id, dedupeKey: id });
    expect(await world.rival.getSession(id)).toMatchObject({ id });
  }
  expect((await world.rival.listTasks()).items).toHaveLength(ids.length);
}

async function threeBytes(world: World): Promise<void> {
  const longest = '가'.repeat(LIMITS.id_characters_max);
  const all = { id: longest, sessionId: longest, kind: longest, role: longest, dedupeKey: longest };
  await world.orchestrator.enqueueTask({ ...all, namespace: longest });
  const there = world.orchestratorOn(world.peer, { namespace: longest });

  const claim = await there.claimTask(claimCall({ agent: longest, instance: longest, roles: [longest] }));
  const errors = await Promise.all([
    thrownBy(there.enqueueTask({ id: `${longest}가` })),
    thrownBy(there.claimTask(claimCall({ agent: `${longest}가` }))),
    // Uncomposed it has more characters, but it is the same name.
    thrownBy(there.enqueueTask({ id: decomposed(`${longest}가`) })),
  ]);

  expect(claim).toMatchObject({ ok: true, task: all, lease: { agent: longest, sessionId: longest } });
  expect(errors.map(({ code, field }) => [code, field])).toEqual([
    ['LIMIT_EXCEEDED', 'id'],
    ['LIMIT_EXCEEDED', 'agent'],
    ['LIMIT_EXCEEDED', 'id'],
  ]);
  expect(await there.getTask(decomposed(longest))).toMatchObject(all);
}

async function fourBytes(world: World): Promise<void> {
  const longest = '🦀'.repeat(LIMITS.id_bytes_max / 4);
  await world.add({ id: longest });

  const error = await thrownBy(world.rival.enqueueTask({ id: `${longest}a` }));

  expect(await world.task(longest)).toMatchObject({ id: longest, sessionId: longest });
  expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', field: 'id' });
}

/**
 * Zero width joiner and space, soft hyphen, Hangul filler, direction marks, a variation selector, a tag, a byte
 * order mark.
 */
const INVISIBLE = [
  '\u200d',
  '\u200b',
  '\u00ad',
  '\u3164',
  '\u115f',
  '\u200e',
  '\u202e',
  '\u2066',
  '\u061c',
  '\ufe0f',
  '\u{e0041}',
  '\ufeff',
  '\u2800',
  '\ufffa',
  '\u{1d159}',
];

async function invisible(world: World): Promise<void> {
  await world.add();
  const sends: Readonly<Record<string, (text: string) => Promise<unknown>>> = {
    id: (id) => world.orchestrator.enqueueTask({ id }),
    sessionId: (sessionId) => world.orchestrator.enqueueTask({ sessionId }),
    dedupeKey: (dedupeKey) => world.orchestrator.enqueueTask({ dedupeKey }),
    kind: (kind) => world.orchestrator.enqueueTask({ kind }),
    assignee: (assignee) => world.orchestrator.enqueueTask({ assignee }),
    namespace: (namespace) => world.orchestrator.enqueueTask({ namespace }),
    agent: (agent) => world.orchestrator.claimTask(claimCall({ agent })),
    instance: (instance) => world.orchestrator.claimTask(claimCall({ instance })),
    'roles[0]': (role) => world.orchestrator.claimTask(claimCall({ roles: [role] })),
    taskId: (taskId) => world.orchestrator.cancelTask({ taskId }),
  };

  const found: unknown[] = [];
  await world.changesNothing(async () => {
    for (const character of INVISIBLE)
      for (const send of Object.values(sends)) {
        const { code, field } = await thrownBy(send(`회사${character}재규`));
        found.push([character, code, field]);
      }
  });

  const expected = INVISIBLE.flatMap((one) => Object.keys(sends).map((field) => [one, 'INVALID_INPUT', field]));
  expect(found).toEqual(expected);
}

async function beginnings(world: World): Promise<void> {
  const refused = ['-agent', '.agent', '@agent', '+agent', ' agent', 'a b', 'a:b', 'a/b', '', '🦀'];
  const codes = await Promise.all(
    refused.map((agent) => thrownBy(world.orchestrator.claimTask(claimCall({ agent }))).then(({ code }) => code)),
  );

  expect(codes).toEqual(refused.map(() => 'INVALID_INPUT'));
  for (const agent of ['7', '_', '漢', '\u0301x']) await world.claimNew({}, { agent });
}

async function listsByCodePoint(world: World): Promise<void> {
  for (const id of BY_CODE_POINT.toReversed()) await world.add({ id });

  for (const limit of [1, 2, 4, 100]) {
    const tasks = await allPages((page) => world.rival.listTasks(page), limit);
    const sessions = await allPages((page) => world.rival.listSessions(page), limit);
    expect(idsOf(tasks)).toEqual(BY_CODE_POINT);
    expect(sessions.map(({ id }) => id)).toEqual(BY_CODE_POINT);
  }
  expect(BY_CODE_POINT.toSorted(compareCodePoints)).toEqual(BY_CODE_POINT);
  expect(BY_CODE_POINT.toSorted()).not.toEqual(BY_CODE_POINT);
}

async function queueByCodePoint(world: World): Promise<void> {
  for (const id of BY_CODE_POINT.toReversed()) await world.add({ id });
  await world.orchestrator.enqueueTasks(
    BY_CODE_POINT.toReversed().map((id) => ({ id: `${id}, queued`, sessionId: 'line', priority: 6 })),
  );

  const between: string[] = [];
  for (const _ of BY_CODE_POINT) between.push((await world.claim()).task.id);
  const within: string[] = [];
  for (let claim: ClaimRecord | null = await world.claim(); claim !== null;) {
    within.push(claim.task.id);
    const released = await world.release(claim, { claimNext: { agent: 'a', ttlMs: TTL_MS } });
    claim = released.ok ? released.next : null;
  }

  expect(between).toEqual(BY_CODE_POINT);
  expect(within).toEqual(BY_CODE_POINT.map((id) => `${id}, queued`));
}

async function namespacesByCodePoint(world: World): Promise<void> {
  for (const namespace of BY_CODE_POINT.toReversed()) await world.add({ namespace });

  expect(await world.peer.read.namespaces()).toEqual(BY_CODE_POINT);
}

async function heldByCodePoint(world: World): Promise<void> {
  const spaces = BY_CODE_POINT.slice(-4);
  for (const namespace of spaces.toReversed()) {
    await world.orchestrator.enqueueTasks(
      spaces.map((id) => ({ id })),
      { namespace },
    );
    await world.orchestrator.claimTasks({ ...claimCall({ namespace }), limit: 10 });
  }
  await world.add({ id: 'idle' });
  const all = spaces.flatMap((namespace) => spaces.map((sessionId) => ({ namespace, sessionId })));

  for (const limit of [1, 3, 100]) {
    const found: SessionKey[] = [];
    for (let after: SessionKey | null | undefined = null; after !== undefined;) {
      const { sessions } = await load(world.storage, { by: 'held', namespace: 'default', limit, after });
      const page = sessions.map(({ session }) => ({ namespace: session.namespace, sessionId: session.id }));
      expect(page.length).toBeLessThanOrEqual(limit);
      found.push(...page);
      after = page.at(-1);
    }
    expect(found).toEqual(all);
  }
}
