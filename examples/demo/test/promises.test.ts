/*
 * The demo's promises are checked on the log: a log that breaks one is found out.
 *  - a file done twice, a file left out, a task done twice, a wrong digest
 *  - a takeover that starts over, no takeover, no resumption, one that waited for the expiry
 *  - a late write that was let in, a state that is not what the log says
 */
import { describe, expect, test } from 'vitest';
import type { EventRecord } from '@agent-orchestrator/core';
import { digestOf } from '../src/hash-folder.ts';
import { checkPromises } from '../src/promises.ts';
import { judge } from '../src/run-act.ts';

const sound: readonly Partial<EventRecord>[] = [
  queued('a', ['1', '2', '3']),
  queued('b', ['4', '5']),
  granted('a', 'company-agent', 10, 0, 2_000),
  granted('b', 'company-agent', 11, 0, 60_000),
  saved('a', 10, ['1']),
  saved('b', 11, ['4']),
  closed('a', 10, 'task.recovered', { reason: 'stale', expires_at: 2_000 }, 2_000),
  granted('a', 'home-agent', 12, 2_000, 2_000),
  saved('a', 12, ['1', '2']),
  closed('b', 11, 'lease.taken_over', { reason: 'resumed', expires_at: 60_000 }, 2_100),
  granted('b', 'company-agent', 13, 2_100, 2_000),
  { type: 'lease.refused', sessionId: 'a', fence: 10, leaseEffect: 'refused', payload: {} },
  saved('a', 12, ['1', '2', '3']),
  saved('b', 13, ['4', '5']),
  closed('a', 12, 'task.succeeded', { result: { files: 3, digest: digestAfter(['1', '2', '3']) } }),
  closed('b', 13, 'task.succeeded', { result: { files: 2, digest: digestAfter(['4', '5']) } }),
];

describe('its promises are checked on the log', () => {
  test('a sound log keeps them all', () => {
    expect(brokenBy(sound)).toEqual([]);
  });

  test.for([
    ['a file done twice', withAfter(8, saved('a', 12, ['1', '2'])), 'no file is done twice'],
    ['a file left out', sound.toSpliced(12, 1), 'no file is left out'],
    ['a task done twice', withAfter(15, sound[15] ?? {}), 'every task succeeds, once'],
    ['a task not done', sound.slice(0, 15), 'every task succeeds, once'],
    [
      'a wrong digest',
      sound.with(14, closed('a', 12, 'task.succeeded', { result: { files: 3, digest: 'x' } })),
      'each result follows from the files',
    ],
    ['a takeover that starts over', sound.with(8, saved('a', 12, ['1'])), "a dead agent's task is taken over"],
    [
      'a takeover by the same agent',
      sound.with(7, granted('a', 'company-agent', 12, 2_000, 2_000)),
      "a dead agent's task is taken over",
    ],
    [
      'a resumption that waited',
      sound.with(9, closed('b', 11, 'lease.taken_over', { reason: 'resumed', expires_at: 2_000 }, 2_100)),
      'the restarted agent resumes',
    ],
    [
      'no resumption',
      sound.with(9, closed('b', 11, 'lease.taken_over', { reason: 'expired', expires_at: 2_000 }, 2_100)),
      'the restarted agent resumes',
    ],
    ['a late write that was let in', sound.with(11, saved('a', 10, ['1', '2'])), 'a late write'],
    ['no late write', sound.toSpliced(11, 1), 'a late write'],
    ['no work', [], 'there is work to do'],
  ] as const)('%s is found out', ([, log, promise]) => {
    expect(brokenBy(log)).toContainEqual(expect.stringContaining(promise));
  });

  test('a state that is not what the log says is found out', () => {
    const finding = {
      kind: 'state',
      namespace: 'default',
      sessionId: 'a',
      taskId: null,
      agent: null,
      eventId: null,
      message: 'differs',
    } as const;

    expect(checkPromises(numbered(sound), { ok: false, findings: [finding] }).broken).toEqual([
      expect.stringContaining('differs'),
    ]);
  });
});

describe('the promises of the second act', () => {
  const log = [
    ...[1, 2].map(part),
    closed('report', 1, 'lease.taken_over', { reason: 'dead', expires_at: 120_000 }, 1_000),
    ...[3, 4, 5, 6, 7, 8].map(part),
    closed('report', 2, 'task.succeeded', {}),
  ];

  test('a sound log keeps them all', () => {
    expect(judge(numbered(log))).toEqual({ partsWrittenTwice: 0, broken: [] });
  });

  test.for([
    ['a part written twice', log.toSpliced(3, 0, part(2)), 'continues after its last checkpoint'],
    ['a part left out', log.toSpliced(4, 1), 'all parts are written'],
    [
      'a lease that was waited for',
      log.with(2, closed('report', 1, 'task.recovered', { reason: 'stale', expires_at: 500 }, 1_000)),
      'before its lease is over',
    ],
    ['no success', log.slice(0, -1), 'succeeds, once'],
  ] as const)('%s is found out', ([, events, promise]) => {
    expect(judge(numbered(events)).broken).toContainEqual(expect.stringContaining(promise));
  });
});

function part(data: number): Partial<EventRecord> {
  return { type: 'session.checkpointed', sessionId: 'report', payload: { data } };
}

function brokenBy(log: readonly Partial<EventRecord>[]): readonly string[] {
  return checkPromises(numbered(log), { ok: true, findings: [] }).broken;
}

function numbered(log: readonly Partial<EventRecord>[]): EventRecord[] {
  return log.map(
    (event, at) =>
      ({
        streamKind: 'session',
        streamId: event.sessionId,
        agent: null,
        taskId: null,
        fence: null,
        leaseEffect: null,
        at: 0,
        ...event,
        id: at + 1,
      }) as EventRecord,
  );
}

function withAfter(at: number, event: Partial<EventRecord>): readonly Partial<EventRecord>[] {
  return sound.toSpliced(at + 1, 0, event);
}

function queued(id: string, files: string[]): Partial<EventRecord> {
  return { type: 'task.queued', sessionId: id, taskId: id, payload: { payload: { files } } };
}

function granted(id: string, agent: string, fence: number, at: number, ttlMs: number): Partial<EventRecord> {
  return {
    type: 'task.claimed',
    sessionId: id,
    taskId: id,
    agent,
    fence,
    at,
    leaseEffect: 'granted',
    payload: { ttl_ms: ttlMs },
  };
}

/** A checkpoint after the last of these files. */
function saved(id: string, fence: number, files: string[]): Partial<EventRecord> {
  const file = files.at(-1) ?? '';
  const data = { file, position: files.length, sha256: shaOf(file) };
  return { type: 'session.checkpointed', sessionId: id, taskId: id, fence, payload: { data } };
}

function closed(id: string, fence: number, type: EventRecord['type'], payload: object, at = 0): Partial<EventRecord> {
  return {
    type,
    sessionId: id,
    taskId: id,
    fence,
    at,
    leaseEffect: 'ended',
    payload: payload as EventRecord['payload'],
  };
}

function digestAfter(files: string[]): string {
  return files.reduce((before, file) => digestOf(before, file, shaOf(file)), '');
}

function shaOf(file: string): string {
  return `sha of ${file}`;
}
