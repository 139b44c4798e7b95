import { counted, lasting, LIMITS } from '@agent-orchestrator/core';
import type { NearMissFacts, RefusedFacts, StoreFacts } from '../facts.ts';
import { draft, type Draft, type Subject } from '../finding.ts';

/** Older events are not reported. */
const RECENT_MS = 86_400_000;
/** One late renewal in this many is a short delay of the machine, not a problem. */
const RENEWALS_PER_NEAR_MISS = 50;

/** Reports renewals that came in the last fifth of the TTL, and what to do about them. */
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
  const sessions = counted(recent.length, 'session', work.capped);
  return [
    draft(
      'near_misses',
      often ? 'warning' : 'notice',
      `${late} of ${counted(all, 'renewal', work.capped)} came in the last fifth of the TTL, in ${sessions}.`,
      { hint: adviceOn(recent), count: late, countCapped: work.capped, subjects: recent.map((one) => subjectOf(one)) },
    ),
  ];
}

/**
 * With four renewals in a TTL, three of them may come late. A longer TTL is the next remedy, not the first.
 */
function adviceOn(recent: readonly NearMissFacts[]): string {
  const longest = Math.max(0, ...recent.map(({ ttlMs }) => ttlMs ?? 0));
  const ttl = longest === 0 ? 'twice the TTL' : `--ttl ${Math.min(2 * longest, LIMITS.ttl_ms_max) / 1_000}s`;
  return (
    `Renew every quarter of the TTL. If the work delays the renewals, claim with ${ttl}. ` +
    'A lease that is not renewed in time is taken over.'
  );
}

/** Reports agents that continued to write after another agent had taken over their session. */
export function checkFenced({ work }: StoreFacts): Draft[] {
  if (work === null) return [];
  const recent = work.refused.filter(({ at }) => at > work.now - RECENT_MS);
  const agents = Map.groupBy(
    recent,
    ({ agent, instance }) => `${agent ?? 'An unnamed agent'}${instance === null ? '' : ` (${instance})`}`,
  );
  if (agents.size === 0) return [draft('fenced_agents', 'ok', 'no late write was refused in the last day')];
  return [...agents].map(([agent, writes]) => {
    const newest = writes.toReversed();
    const last = newest[0] as RefusedFacts;
    const times = writes.length === 1 ? 'once' : `${writes.length} times`;
    const reason = `${REASONS[last.endedBy] ?? last.endedBy} ${lasting(last.at - last.endedAt)} before`;
    return draft(
      'fenced_agents',
      'warning',
      `${agent} was fenced ${times}, last ${lasting(work.now - last.at)} ago: ` +
        `its ${last.operation} was refused, because ${reason}.`,
      {
        hint: 'It worked without its lease. It must renew in time, and stop when an answer says that it is lost.',
        subjects: newest.map(({ namespace, sessionId, taskId, agent: of }) => ({
          namespace,
          sessionId,
          taskId,
          agent: of,
        })),
        // The refusal, and the event that ended the lease.
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
