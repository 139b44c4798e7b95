// The chain of hashes:
// - the hash of an event is what any other program computes from its columns (fixed here by value)
// - it changes with every column, and the id is not among them
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { CHAIN_START, hashEvent, type NewEvent } from '../src/index.ts';

const event: Omit<NewEvent, 'hash'> = {
  streamKind: 'session',
  namespace: 'default',
  streamId: 's-1',
  seq: 1,
  type: 'session.opened',
  leaseEffect: null,
  sessionId: 's-1',
  taskId: null,
  agent: null,
  instance: null,
  fence: null,
  commandId: '019a0f3c-7e11-7abc-8def-0123456789ab',
  payload: '{}',
  at: 1_795_334_400_000,
  prevHash: CHAIN_START,
};

test('the hash of an event is what any other program computes from its columns', () => {
  const text =
    '{"agent":null,"at":1795334400000,"command_id":"019a0f3c-7e11-7abc-8def-0123456789ab","fence":null,"instance":null,"lease_effect":null,' +
    `"namespace":"default","payload":"{}","prev_hash":"${'0'.repeat(64)}","seq":1,"session_id":"s-1","stream_id":"s-1",` +
    '"stream_kind":"session","task_id":null,"type":"session.opened"}';

  expect(hashEvent(event)).toBe(createHash('sha256').update(text).digest('hex'));
});

test.each(Object.keys(event) as (keyof typeof event)[])('it changes with %s', (column) => {
  const other = typeof event[column] === 'number' ? 7 : 'other';

  expect(hashEvent({ ...event, [column]: other })).not.toBe(hashEvent(event));
});
