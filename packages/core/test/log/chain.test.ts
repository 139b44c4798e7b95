// The chain of hashes, and the text that is hashed:
// - the hash of an event is SHA-256 over the canonical JSON of its columns, under their names in the database
// - a column without a value is null in that text
// - it changes with every column; the id, which the database gives, is not among them
// - the text of a value is the same however its keys were written down; what is undefined is left out
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { canonicalize } from '../../src/log/canonical.ts';
import { CHAIN_START, hashEvent } from '../../src/log/chain.ts';
import type { NewEvent } from '../../src/log/events.ts';

const EVENT: Omit<NewEvent, 'hash'> = {
  namespace: 'default',
  streamKind: 'session',
  streamId: 's',
  seq: 3,
  type: 'task.claimed',
  leaseEffect: 'granted',
  sessionId: 's',
  taskId: 'a',
  agent: 'company-agent',
  instance: 'run-1',
  fence: 12,
  commandId: '019a0f3c-7e11-7abc-8def-0123456789ab',
  payload: '{"a":1}',
  at: 1_000,
  prevHash: CHAIN_START,
};

test('the hash of an event is what any other program computes from its columns', () => {
  const text =
    '{"agent":"company-agent","at":1000,"command_id":"019a0f3c-7e11-7abc-8def-0123456789ab",' +
    `"fence":12,"instance":"run-1","lease_effect":"granted","namespace":"default","payload":"{\\"a\\":1}",` +
    `"prev_hash":"${'0'.repeat(64)}","seq":3,` +
    '"session_id":"s","stream_id":"s","stream_kind":"session","task_id":"a","type":"task.claimed"}';

  expect(hashEvent(EVENT)).toBe(createHash('sha256').update(text).digest('hex'));
});

test('a column without a value is null in that text', () => {
  const event = { ...EVENT, leaseEffect: null, taskId: null, agent: null, instance: null, fence: null };
  const text =
    '{"agent":null,"at":1000,"command_id":"019a0f3c-7e11-7abc-8def-0123456789ab",' +
    `"fence":null,"instance":null,"lease_effect":null,"namespace":"default","payload":"{\\"a\\":1}",` +
    `"prev_hash":"${'0'.repeat(64)}","seq":3,` +
    '"session_id":"s","stream_id":"s","stream_kind":"session","task_id":null,"type":"task.claimed"}';

  expect(hashEvent(event)).toBe(createHash('sha256').update(text).digest('hex'));
});

test.each(Object.keys(EVENT) as (keyof typeof EVENT)[])('it changes with %s', (column) => {
  const other = typeof EVENT[column] === 'number' ? 7 : 'other';

  expect(hashEvent({ ...EVENT, [column]: other })).not.toBe(hashEvent(EVENT));
});

test('the id is not among them: a copy of the log keeps its chains', () => {
  expect(hashEvent({ ...EVENT, id: 7 } as typeof EVENT)).toBe(hashEvent(EVENT));
});

test('the text of a value is the same however its keys were written down', () => {
  expect(canonicalize({ b: [1, { d: null, c: 'ä' }], a: 1.5 })).toBe('{"a":1.5,"b":[1,{"c":"ä","d":null}]}');
});

test('what is undefined is left out', () => {
  expect(canonicalize({ a: undefined, b: 1 })).toBe('{"b":1}');
});
