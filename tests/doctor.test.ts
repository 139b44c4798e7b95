/*
 * The doctor on a real store, of either kind:
 *  - a new store that is used as it should be needs no attention
 *  - what needs attention is found, each with the events that show it
 *  - what is safe is done on request, and said; what is left is reported afterwards
 *  - a jump of the clock is reported, a queue that was released just now is not
 *  - it only reads
 *  - a store of an older version is a finding, and is not upgraded
 */
import { examineStore, locateStore } from '@agent-orchestrator/runtime';
import { describe, expect, test } from 'vitest';
import { claim, found, HOUR_MS, KINDS, newPlace, only, trouble, typesOf } from './support/examined-store.ts';

/** As the first migration leaves a file. */
const WITHOUT_GUARDS = [
  'event_log_no_update',
  'event_log_no_delete',
  'event_log_no_replace',
  'sessions_own_work',
  'tasks_one_verdict',
  'tasks_excluded',
]
  .map((guard) => `DROP TRIGGER ${guard}`)
  .join(';');

describe.each(KINDS)('on %s', (kind) => {
  test('a new store that is used as it should be needs no attention', async () => {
    const { url, orchestrator } = await newPlace(kind);
    await orchestrator.enqueueTask({ delayMs: 24 * HOUR_MS });

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

  test('what is safe is done on request, and said; what is left is reported afterwards', async () => {
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

  test('a jump of the clock is reported, with its events', async () => {
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

  test('a queue that was released just now has not waited for long, however old its tasks are', async () => {
    const place = await newPlace(kind);
    await place.orchestrator.enqueueTasks([{ sessionId: 's' }, { sessionId: 's' }]);
    place.clock.advance(3 * HOUR_MS - 60_000);
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
      kind === 'sqlite'
        ? `${WITHOUT_GUARDS}; PRAGMA user_version = 1`
        : `UPDATE orchestrator.meta SET value = '1' WHERE key = 'schema'`;
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
});
