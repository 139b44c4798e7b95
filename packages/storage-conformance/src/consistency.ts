import { DEFAULTS, isHeld, OrchestratorReads, type Event, type Storage } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { checkInvariants } from './checker/index.ts';
import { readAll } from './everything.ts';
import type { TestClock } from './test-clock.ts';

/**
 * Checks after every case: `verify()` finds nothing, and the log is in order. That is: ids grow, a
 * session's times never go back, each lease is granted, ended and refused at most once, and is open exactly while the
 * session is held.
 */
export async function assertConsistent(storage: Storage, clock: TestClock): Promise<void> {
  const { findings } = await new OrchestratorReads(storage, DEFAULTS.namespace).verify();
  expect(findings, 'verify() after the case').toEqual([]);

  const { sessions, events } = await readAll(storage);
  expect(
    checkInvariants({ events, journals: [], tolerances: { clockStepMs: clock.wallSetMs } }),
    'the invariants, read off the log',
  ).toEqual([]);
  expect(events.map(({ id }) => id)).toEqual([...new Set(events.map(({ id }) => id))]);
  for (const { session } of sessions) {
    const own = events.filter(
      ({ namespace, streamKind, streamId }) =>
        namespace === session.namespace && streamKind === 'session' && streamId === session.id,
    );
    assertLogOfSession(own);
    expect(openLease(own), `the open lease of ${session.id}`).toBe(isHeld(session) ? session.fence : null);
  }
}

function assertLogOfSession(events: readonly Event[]): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, at) => at + 1));
  expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).toSorted((a, b) => a - b));
  const effects = events.flatMap(({ fence, leaseEffect }) => (leaseEffect === null ? [] : [`${fence}:${leaseEffect}`]));
  expect(effects).toEqual([...new Set(effects)]);
}

/** The fence that was granted last, if its lease did not end; fails where a lease is granted over an open one. */
function openLease(events: readonly Event[]): number | null {
  let open: number | null = null;
  for (const { type, leaseEffect, fence } of events) {
    if (type === 'session.checkpointed') expect(fence, 'a context was saved without the lease').toBe(open);
    if (leaseEffect === 'granted') {
      expect(open, 'a lease was granted while another was open').toBeNull();
      open = fence;
    } else if (leaseEffect === 'ended') {
      expect(fence, 'another lease ended than the open one').toBe(open);
      open = null;
    }
  }
  return open;
}
