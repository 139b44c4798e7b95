/*
 * URLs of a store in memory:
 *  - memory: names a new store each time, and nothing may follow it
 */
import { expect, test } from 'vitest';
import { provider } from '../src/index.ts';

const from = { resolvePath: (path: string) => path };

test('memory: names a new store each time', async () => {
  const location = provider.parseUrl('MEMORY:', from);
  const first = await provider.open(location, {});
  const second = await provider.open(location, {});

  expect(location).toEqual({ scheme: 'memory', url: 'memory:', address: 'memory:' });
  expect(first).not.toBe(second);
});

test('nothing may follow it', () => {
  expect(() => provider.parseUrl('memory:x', from)).toThrow(
    expect.objectContaining({ code: 'STORE_URL_INVALID', field: 'store' }),
  );
});
