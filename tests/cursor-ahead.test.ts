/*
 * A cursor beyond the end of the log, as after a fail-over that lost the last events; on every kind of store:
 *  - a list of events that begins after it is refused with CURSOR_AHEAD, by id and by seq of a session
 *  - the last event itself, a bound of the caller's own, and an unknown session are no such cursors
 *  - a feed that is open when the events are lost is refused at its next look, instead of missing what comes next; also
 *    the feed of one session, whose own events are all there
 */
import { EventFeed } from '@agent-orchestrator/runtime';
import { expect, test } from 'vitest';
import { fill, KINDS, newPlace, opened, statement, tableOf } from './support/stores.ts';

const AHEAD = { code: 'CURSOR_AHEAD', field: 'after', retryable: false };

test.for(KINDS)('%s: a list that begins after the end of the log is refused', async (kind) => {
  const orchestrator = await opened(await newPlace(kind));
  await fill(orchestrator);
  const last = await orchestrator.asOf();
  const seq = (await orchestrator.getSession('s'))?.seq ?? 0;
  const after = (cursor: number, further = {}) => orchestrator.listEvents({ after: String(cursor), ...further });

  await expect(after(last + 1)).rejects.toMatchObject({
    ...AHEAD,
    message: `The log ends at event #${last}, before event #${last + 1}, after which to begin.`,
  });
  await expect(after(last + 1, { types: ['task.failed'] })).rejects.toMatchObject(AHEAD);
  await expect(after(last + 1, { namespace: 'nothing-here' })).rejects.toMatchObject(AHEAD);
  await expect(after(last + 1, { taskId: 'done' })).rejects.toMatchObject(AHEAD);
  await expect(after(seq + 1, { sessionId: 's' })).rejects.toMatchObject(AHEAD);
  await expect(orchestrator.snapshot((reads) => reads.listEvents({ after: String(last + 1) }))).rejects.toMatchObject(
    AHEAD,
  );
});

test.for(KINDS)('%s: the end of the log, a bound and an unknown session are no cursors ahead', async (kind) => {
  const orchestrator = await opened(await newPlace(kind));
  const nothing = await orchestrator.listEvents({ after: '0' });
  await fill(orchestrator);
  const last = await orchestrator.asOf();
  const seq = (await orchestrator.getSession('s'))?.seq ?? 0;

  const pages = [
    nothing,
    await orchestrator.listEvents({ after: String(last) }),
    await orchestrator.listEvents({ after: String(last), upTo: 2 }),
    await orchestrator.listEvents({ after: String(seq), sessionId: 's' }),
    await orchestrator.listEvents({ after: '7', sessionId: 'unknown' }),
  ];

  expect(pages.map(({ items }) => items)).toEqual([[], [], [], [], []]);
});

const FEEDS = [{}, { session: 'a' }];

test.for(KINDS.flatMap((kind) => FEEDS.map((filter) => [kind, filter] as const)))(
  '%s: an open feed is refused when its events are lost: %j',
  async ([kind, filter]) => {
    const store = await newPlace(kind);
    const orchestrator = await opened(store);
    for (const id of ['a', 'b']) await orchestrator.enqueueTask({ id, sessionId: id });
    const feed = await EventFeed.open(orchestrator, filter, 0);
    const look = async () => {
      const ids: number[] = [];
      for await (const { id } of feed.present()) ids.push(id);
      return ids;
    };
    expect(await look()).toEqual([]);
    // What a standby lacks that was promoted before it had received everything.
    const log = tableOf(kind, 'event_log');
    const lose = `DELETE FROM ${log} WHERE id > ${(await orchestrator.asOf()) - 2}`;
    const byOwner = {
      postgres: `ALTER TABLE ${log} DISABLE TRIGGER USER; ${lose}`,
      sqlite: `DROP TRIGGER event_log_no_delete; ${lose}`,
    };
    await statement(kind, store, byOwner[kind]);

    await expect(look()).rejects.toMatchObject(AHEAD);
  },
);
