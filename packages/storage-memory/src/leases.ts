import {
  leaseCursor,
  leaseInterval,
  type Event,
  type LeaseEffect,
  type LeaseInterval,
  type Reader,
} from '@agent-orchestrator/core';
import type { MemoryData } from './data.ts';
import { pageOf } from './lists.ts';

/** The leases as the log tells them. */
export function leaseReads(data: MemoryData): Pick<Reader, 'leases'> {
  return {
    async leases({ namespace, sessionId, from, upTo, limit, after, before }) {
      const log = data.events.filter((event) => event.namespace === namespace && event.id <= upTo);
      const fits = (event: Event) =>
        event.leaseEffect === 'granted' &&
        (sessionId === undefined || event.sessionId === sessionId) &&
        (from === undefined || event.at >= from);
      const found = log.filter(fits).map((grant) => intervalOf(grant, log));
      const ordered = found.toSorted((a, b) => a.fence - b.fence);
      const cursor = { of: leaseCursor, compare };
      return pageOf(ordered, { limit, after, before }, cursor);
    },
  };
}

function compare(a: string, b: string): number {
  return Number(a) - Number(b);
}

function intervalOf(grant: Event, log: readonly Event[]): LeaseInterval {
  const next = (effect: LeaseEffect) => log.find((one) => one.fence === grant.fence && one.leaseEffect === effect);
  return leaseInterval(grant, next('ended'), next('refused'));
}
