import type { LeftFacts } from '../../src/insight/doctor/facts.ts';
import {
  DAY,
  facts,
  head,
  held,
  MINUTE,
  nearMiss,
  NOW,
  refused,
  SECOND,
  work,
  type DoctorCase,
} from './doctor-facts.ts';

/** What there is to say of holders, of tasks that wait, of renewals, and of late writes. */
export const WORK_CASES: readonly DoctorCase[] = [
  ['no agent at work', facts(), 'stale_sessions', 'ok', /no session is held/],
  ['live holders', facts({ work: work({ held: [held()] }) }), 'stale_sessions', 'ok', /1 session held, none stale/],
  [
    'a holder that is newly stale',
    facts({ work: work({ held: [held({ staleAt: NOW - SECOND })] }) }),
    'stale_sessions',
    'notice',
    /stale for 1 s\.$/,
  ],
  [
    'one that no process recovers',
    facts({ work: work({ held: [held({ staleAt: NOW - 2 * MINUTE }), held()] }) }),
    'stale_sessions',
    'warning',
    /^1 session has a silent holder.* 2 min; no agent recovers/,
    /orchestrator recover/,
  ],

  ['nothing that waits', facts(), 'unclaimed_heads', 'ok', /no task waits/],
  ['a fresh head', facts({ work: work({ heads: [head()] }) }), 'unclaimed_heads', 'ok', /1 session ready/],
  [
    'an old head',
    facts({ work: work({ heads: [head({ waitsSince: NOW - 2 * DAY })] }) }),
    'unclaimed_heads',
    'warning',
    /^1 session is ready, but no worker takes this kind; .*task t of kind report, for 2 days/,
    /why task t --namespace default`.*claim --help/,
  ],
  [
    'an old head of a kind that others work on',
    facts({ work: work({ heads: [head({ waitsSince: NOW - DAY })], kindsAtWork: new Set(['default report']) }) }),
    'unclaimed_heads',
    'notice',
    /the workers are busy/,
    /why task t --namespace default`/,
  ],
  [
    'more heads than were counted',
    facts({ work: work({ heads: [head({ waitsSince: NOW - DAY })], capped: true }) }),
    'unclaimed_heads',
    'warning',
    /^1\+ sessions are ready/,
  ],

  [
    'a head for another with work behind it',
    facts({ work: work({ heads: [head({ waitsSince: NOW - DAY, role: 'editor', blocked: 3 })] }) }),
    'blocked_queues',
    'warning',
    /^1 session blocked.*3 tasks behind it.*for the role editor/,
    /why task t --namespace default`/,
  ],
  [
    'a head for another with nothing behind it',
    facts({ work: work({ heads: [head({ waitsSince: NOW - DAY, assignee: 'home-agent' })] }) }),
    'blocked_queues',
    'ok',
    /no queue/,
  ],
  [
    'a head for any agent',
    facts({ work: work({ heads: [head({ waitsSince: NOW - DAY, blocked: 3 })] }) }),
    'blocked_queues',
    'ok',
    /no queue/,
  ],
  [
    'a head handed over just now',
    facts({ work: work({ heads: [head({ assignee: 'home-agent', blocked: 3 })] }) }),
    'blocked_queues',
    'ok',
    /no queue/,
  ],

  ['renewals in time', facts(), 'near_misses', 'ok', /no lease was renewed late/],
  [
    'many near misses',
    facts({ work: work({ nearMisses: [nearMiss()] }) }),
    'near_misses',
    'warning',
    /^4 of 40 renewals/,
    /--ttl 240s/,
  ],
  [
    'a hiccup',
    facts({ work: work({ nearMisses: [nearMiss({ nearMisses: 1 })] }) }),
    'near_misses',
    'notice',
    /^1 of 40/,
  ],
  [
    'the longest TTL there is',
    facts({ work: work({ nearMisses: [nearMiss({ ttlMs: DAY })] }) }),
    'near_misses',
    'warning',
    /4 of 40/,
    /--ttl 86400s/,
  ],
  [
    'near misses of last week',
    facts({ work: work({ nearMisses: [nearMiss({ lastNearMissAt: NOW - 7 * DAY })] }) }),
    'near_misses',
    'ok',
    /no lease/,
  ],

  ['no agent fenced', facts(), 'fenced_agents', 'ok', /no late write/],
  [
    'a zombie',
    facts({ work: work({ refused: [refused()] }) }),
    'fenced_agents',
    'warning',
    /^company-agent \(one\) was fenced once, last 1 min ago: its release was refused.* taken over 2 min before/,
  ],
  [
    'a zombie that was recovered',
    facts({ work: work({ refused: [refused({ endedBy: 'task.recovered' })] }) }),
    'fenced_agents',
    'warning',
    /had been recovered/,
  ],
  [
    'a zombie of last week',
    facts({ work: work({ refused: [refused({ at: NOW - 7 * DAY })] }) }),
    'fenced_agents',
    'ok',
    /no late write/,
  ],

  [
    'a key of this machine',
    facts({
      machine: { guarantee: 'cgroup', left: [], keys: [{ agent: 'owner', path: '/keys/x.pem', problem: null }] },
    }),
    'keys',
    'ok',
    /^1 registered key of this machine/,
  ],
  [
    'a key of this machine that signs nothing',
    facts({
      machine: {
        guarantee: 'cgroup',
        left: [],
        keys: [{ agent: 'owner', path: '/keys/x.pem', problem: 'The file x is odd.' }],
      },
    }),
    'keys',
    'warning',
    /^Agent owner cannot sign its verdicts here. The file x is odd.$/,
    /`chmod 700 \/keys` and `chmod 600 \/keys\/x.pem`.*`orchestrator agent key create owner`/,
  ],
  ['a machine with cgroups', facts(), 'offspring', 'ok', /in a cgroup, under a keeper/],
  [
    'a machine without a keeper',
    facts({ machine: { guarantee: 'nothing', left: [], keys: [] } }),
    'offspring',
    'notice',
    /cannot/,
  ],
  [
    'a holder that is gone, and has left a process',
    facts({ machine: { guarantee: 'keeper', left: [left('alive')], keys: [] } }),
    'offspring',
    'notice',
    /^1 holder on this machine is gone, but something that it started is alive/,
    /orchestrator why/,
  ],
  [
    'holders that are gone, and whose keepers were killed',
    facts({ machine: { guarantee: 'keeper', left: [left('unproven'), left('unproven')], keys: [] } }),
    'offspring',
    'notice',
    /^2 holders on this machine are gone, and it cannot be proved/,
    /ends by its time/,
  ],
];

function left(is: LeftFacts['is']): LeftFacts {
  const { namespace, sessionId, taskId, agent } = held();
  return { namespace, sessionId, taskId, agent, is };
}
