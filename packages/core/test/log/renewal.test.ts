// Proofs of life, which move a lease's deadlines and are not logged:
// - a renewal moves the deadlines by the lease's own lengths, and counts
// - progress and process group are replaced if they are told
// - one that comes after four fifths of the TTL is a near miss
// - the time of a row never goes back
// - deadlines that a wrong clock set too far ahead are brought back, as if the holder had proved its life now
import { expect, test } from 'vitest';
import { pullBack, renew } from '../../src/log/renewal.ts';
import type { HeldSession } from '../../src/model/lease.ts';
import { claimed, NOW, opened, queued, STALE_AFTER_MS, TTL_MS } from '../support/events.ts';
import { given } from '../support/given.ts';

/** A session that is held, with these columns. */
function held(columns: Partial<HeldSession> = {}): HeldSession {
  const session = given(opened(), queued('a'), claimed('a')).session('s') as HeldSession;
  return { ...session, ...columns };
}

test("a renewal moves the deadlines by the lease's own lengths, and counts", () => {
  const now = NOW + 10;

  expect(renew(held({ renewals: 4 }), now, {})).toEqual(
    held({
      leaseExpiresAt: now + TTL_MS,
      heartbeatAt: now,
      staleAt: now + STALE_AFTER_MS,
      renewals: 5,
      updatedAt: now,
    }),
  );
});

test('progress and process group are replaced if they are told', () => {
  const before = held({ progress: '1', processGroup: 7 });

  expect(renew(before, NOW, {})).toMatchObject({ progress: '1', processGroup: 7 });
  expect(renew(before, NOW, { progress: '2', processGroup: 0 })).toMatchObject({ progress: '2', processGroup: 0 });
});

test.each([
  ['with a fifth of the TTL left', TTL_MS * 0.8, { nearMisses: 2, lastNearMissAt: 5 }],
  ['with less', TTL_MS * 0.8 + 1, { nearMisses: 3, lastNearMissAt: NOW + TTL_MS * 0.8 + 1 }],
  ['late', TTL_MS + 1, { nearMisses: 3, lastNearMissAt: NOW + TTL_MS + 1 }],
])('a renewal %s is counted so', (_when, ms, counted) => {
  expect(renew(held({ nearMisses: 2, lastNearMissAt: 5 }), NOW + ms, {})).toMatchObject(counted);
});

test('the time of a row never goes back', () => {
  const before = held({ updatedAt: NOW + 99 });

  expect(renew(before, NOW, {}).updatedAt).toBe(NOW + 99);
  expect(pullBack(before, NOW).updatedAt).toBe(NOW + 99);
});

test('deadlines that are too far ahead are brought back, and nothing is counted', () => {
  const ahead = held({ leaseExpiresAt: NOW + 9 * TTL_MS, heartbeatAt: NOW + 8 * TTL_MS, staleAt: NOW + 9 * TTL_MS });

  expect(pullBack(ahead, NOW + 10)).toEqual(
    held({
      leaseExpiresAt: NOW + 10 + TTL_MS,
      heartbeatAt: NOW + 10,
      staleAt: NOW + 10 + STALE_AFTER_MS,
      updatedAt: NOW + 10,
    }),
  );
});
