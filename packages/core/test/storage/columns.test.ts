// The names of fields outside TypeScript:
// - they follow one rule
// - each field of a row has its column, in a fixed order
import { expect, test } from 'vitest';
import { snakeCase } from '../../src/model/snake-case.ts';
import { COLUMNS } from '../../src/storage/columns.ts';

test('they follow one rule', () => {
  const names = ['id', 'leaseExpiresAt', 'ttlMs', 'a1B'].map((name) => snakeCase(name));

  expect(names).toEqual(['id', 'lease_expires_at', 'ttl_ms', 'a1_b']);
});

test('each field of a row has its column, in a fixed order', () => {
  expect(COLUMNS.receipt).toEqual({
    namespace: 'namespace',
    commandId: 'command_id',
    requestHash: 'request_hash',
    reply: 'reply',
    at: 'at',
  });
  expect(Object.keys(COLUMNS.event).slice(0, 5)).toEqual(['id', 'streamKind', 'namespace', 'streamId', 'seq']);
});
