// Leases that another process ended for silence, judged by the log alone:
// - before the deadline that the claim implies: found, and the finding says what cannot be judged
// - a checkpoint moves the deadline, as far as its time is that of the clock
// - a jump of the clock and a new lease set it anew; another event does not
// - at the deadline and later, on evidence, by a resume or a restore: nothing is found
// - a clock that was set back a little leaves no finding
// - times that no claim and no heartbeat sets: found
import { expect, test } from 'vitest';
import { EarlyEnd } from '../../src/log/early-end.ts';
import { Replay } from '../../src/log/replay.ts';
import type { Event } from '../../src/log/events.ts';
import {
  checkpointed,
  claimed,
  event,
  NOW,
  opened,
  queued,
  recovered,
  STALE_AFTER_MS,
  takenOver,
  TTL_MS,
  type Said,
} from '../support/events.ts';
import { given } from '../support/given.ts';

function findings(...events: readonly Said[]): readonly string[] {
  const replay = new Replay();
  const early = new EarlyEnd();
  return (given(opened(), queued('a'), claimed('a'), ...events).log as Event[]).flatMap((one) => {
    const found = early.judge(replay.session, one);
    expect(replay.add(one)).toBeNull();
    return found ?? [];
  });
}

const checkpoint = (at: number): Said => ({ ...checkpointed('a', 1), at });
const recoveredAt = (at: number, heartbeatAt = NOW): Said => ({ ...recovered('a', 'stale', { heartbeatAt }), at });
const takenOverAt = (at: number, heartbeatAt = NOW): Said => ({ ...takenOver('a', 'expired', { heartbeatAt }), at });

test('before the deadline that the claim implies it is found, and says what cannot be judged', () => {
  const [recovery] = findings(recoveredAt(NOW + 1_000));
  const [takeover] = findings(takenOverAt(NOW + 1_000));

  expect(recovery).toContain(`${STALE_AFTER_MS - 1_000} ms before`);
  expect(takeover).toContain(`${TTL_MS - 1_000} ms before`);
  expect(recovery).toContain('cannot be judged');
});

test('a checkpoint moves the deadline, as far as its time is that of the clock', () => {
  expect(findings(checkpoint(NOW + 50_000), takenOverAt(NOW + TTL_MS))).toHaveLength(1);
  expect(findings(checkpoint(NOW + 50_000), takenOverAt(NOW + 50_000 + TTL_MS, NOW + 50_000))).toEqual([]);
  expect(
    findings(
      event(
        'lease.refused',
        { operation: 'release', ended_by: 'x', ended_at: 1 },
        {
          at: NOW + 50_000,
          fence: 1,
          leaseEffect: 'refused',
        },
      ),
      checkpoint(NOW + 50_000),
      takenOverAt(NOW + TTL_MS),
    ),
  ).toEqual([]);
});

test('a jump of the clock sets it anew', () => {
  const jump = event('clock.jumped', { by_ms: 1, expires_at: NOW + 200_000 }, { fence: 1, at: NOW + 10 });

  expect(findings(jump, takenOverAt(NOW + 150_000, NOW + 200_000 - TTL_MS))).toHaveLength(1);
  expect(findings(jump, takenOverAt(NOW + 200_000, NOW + 200_000 - TTL_MS))).toEqual([]);
});

test('a checkpoint from before a jump of the clock, or from an earlier lease, no longer moves it', () => {
  const jump = event('clock.jumped', { by_ms: 1, expires_at: NOW + 70_000 }, { fence: 1, at: NOW + 50_010 });
  // The clock was set back while no lease was held.
  const lease = { fence: 2, at: NOW + 10_000 };
  const again = [
    { ...recovered('a', 'dead'), at: NOW + 50_005 },
    { ...claimed('a', lease), at: NOW + 50_010 },
  ];
  const end = { ...takenOver('a', 'expired', { heartbeatAt: NOW + 10_000, lease: { fence: 2 } }), at: NOW + 70_000 };

  expect(findings(checkpoint(NOW + 50_000), jump, takenOverAt(NOW + 70_000, NOW + 10_000))).toEqual([]);
  expect(findings(checkpoint(NOW + 50_000), ...again, end)).toEqual([]);
});

test('another event leaves the deadline as it is', () => {
  const refused = event(
    'lease.refused',
    { operation: 'release', ended_by: 'x', ended_at: 1 },
    { at: NOW + 50_001, fence: 1, leaseEffect: 'refused' },
  );

  expect(findings(checkpoint(NOW + 50_000), refused, takenOverAt(NOW + TTL_MS))).toHaveLength(1);
});

test('at the deadline and later, on evidence, by a resume or a restore nothing is found', () => {
  expect(findings(recoveredAt(NOW + STALE_AFTER_MS))).toEqual([]);
  expect(findings(takenOverAt(NOW + TTL_MS))).toEqual([]);
  for (const reason of ['dead', 'restored'] as const) expect(findings(recovered('a', reason))).toEqual([]);
  for (const reason of ['resumed', 'dead'] as const) expect(findings(takenOver('a', reason))).toEqual([]);
});

test('a clock that was set back a little leaves no finding', () => {
  expect(findings(takenOverAt(NOW + TTL_MS - 12_000))).toEqual([]);
  expect(findings(takenOverAt(NOW + TTL_MS - 12_001))).toHaveLength(1);
});

test('times that no claim and no heartbeat sets are found', () => {
  const forged = recovered('a', 'stale', { lease: { ttlMs: 1, staleAfterMs: 1 }, heartbeatAt: NOW + STALE_AFTER_MS });

  expect(findings({ ...forged, at: NOW + 2 * STALE_AFTER_MS })).toEqual([
    expect.stringContaining('none that a claim or a heartbeat sets.'),
  ]);
});
