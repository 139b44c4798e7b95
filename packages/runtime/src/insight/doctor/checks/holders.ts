import { counted, lasting, LIMITS } from '@agent-orchestrator/core';
import type { NearMissFacts, RefusedFacts, StoreFacts } from '../facts.ts';
import { draft, type Draft, type Subject } from '../finding.ts';

/** What happened longer ago needs nobody. */
const RECENT_MS = 86_400_000;
/** One late renewal in so many is a hiccup of the machine. */
const RENEWALS_PER_NEAR_MISS = 50;

/** Renewals that came in the last fifth of the TTL, with advice on it. */
export function checkNearMisses({ work }: StoreFacts): Draft[] {
  if (work === null) return [];
  const recent = work.nearMisses
    .filter(({ lastNearMissAt }) => lastNearMissAt > work.now - RECENT_MS)
    .toSorted((a, b) => b.nearMisses - a.nearMisses);
  const late = recent.reduce((sum, { nearMisses }) => sum + nearMisses, 0);
  const all = recent.reduce((sum, { renewals }) => sum + renewals, 0);
  if (recent.length === 0) return [draft('near_misses', 'ok', 'no lease was renewed late in the last day')];
  const often = recent.some(
    ({ nearMisses, renewals }) => nearMisses * RENEWALS_PER_NEAR_MISS > renewals && nearMisses > 1,
  );
  return [
    draft(
      'near_misses',
      often ? 'warning' : 'notice',
      `${late} of ${counted(all, 'renewal', work.capped)} came in the last fifth of the TTL, in ${counted(recent.length, 'session', work.capped)}.`,
      { hint: adviceOn(recent), count: late, countCapped: work.capped, subjects: recent.map((one) => subjectOf(one)) },
    ),
  ];
}

/**
 * Renewing four times in a TTL leaves room for three that come late; a TTL is only to be longer where that is done
 * already.
 */
function adviceOn(recent: readonly NearMissFacts[]): string {
  const longest = Math.max(0, ...recent.map(({ ttlMs }) => ttlMs ?? 0));
  const ttl = longest === 0 ? 'twice the TTL' : `--ttl ${Math.min(2 * longest, LIMITS.ttl_ms_max) / 1_000}s`;
  return `Renew every quarter of the TTL; where that is done and the work keeps the process from it, claim with ${ttl}. A lease that is missed is taken over.`;
}

/** Agents that went on writing after somebody else had taken over what they held. */
export function checkFenced({ work }: StoreFacts): Draft[] {
  if (work === null) return [];
  const recent = work.refused.filter(({ at }) => at > work.now - RECENT_MS);
  const agents = Map.groupBy(
    recent,
    ({ agent, instance }) => `${agent ?? 'somebody'}${instance === null ? '' : ` (${instance})`}`,
  );
  if (agents.size === 0) return [draft('fenced_agents', 'ok', 'no late write was refused in the last day')];
  return [...agents].map(([agent, writes]) => {
    const newest = writes.toReversed();
    const last = newest[0] as RefusedFacts;
    return draft(
      'fenced_agents',
      'warning',
      `${agent} was fenced ${writes.length === 1 ? 'once' : `${writes.length} times`}, last ${lasting(work.now - last.at)} ago: its ${last.operation} was refused, because ${REASONS[last.endedBy] ?? last.endedBy} ${lasting(last.at - last.endedAt)} before.`,
      {
        hint: 'It worked on without its lease: let it renew in time, and stop when a call answers that the lease is lost.',
        subjects: newest.map(({ namespace, sessionId, taskId, agent: of }) => ({
          namespace,
          sessionId,
          taskId,
          agent: of,
        })),
        // The refusal, and what ended the lease.
        evidenceRefs: newest.flatMap(({ eventId: id, namespace, sessionId, fence, seq: upTo }) => [
          { is: 'event' as const, id },
          { is: 'lease' as const, namespace, sessionId, fence, effect: 'ended' as const, upTo },
        ]),
      },
    );
  });
}

/** By the type of the event that ended the lease. */
const REASONS: Readonly<Record<string, string>> = {
  'lease.taken_over': 'its lease had been taken over',
  'task.recovered': 'its lease had been recovered',
};

function subjectOf({ namespace, sessionId, agent }: NearMissFacts): Subject {
  return { namespace, sessionId, taskId: null, agent };
}
