// What the generated reference of events is made of:
// - each event type is explained in a sentence
// - so is each field of its payload that a command writes, and no other
// - the events that end a lease are told apart by who ended it
import { expect, test } from 'vitest';
import { EVENT_DOCS } from '../../src/log/event-docs.ts';
import { LEASE_END_EVENTS, type EventType } from '../../src/log/events.ts';
import {
  AGENT,
  answered,
  asked,
  approved,
  agentDraining,
  agentPolicySet,
  agentRegistered,
  agentRetired,
  blocked,
  cancelAsked,
  changesRequested,
  checkpointed,
  claimed,
  dependencyEnded,
  ended,
  event,
  failedFor,
  givenBack,
  handedBack,
  handedOff,
  NOW,
  recovered,
  refused,
  rescheduled,
  reviewRequested,
  sessionClosed,
  succeeded,
  takenOver,
  waiting,
  type Said,
} from '../support/events.ts';

const context = { turn: 1, last_action: null, next_action: null, memory_ref: null, hash: '', data: null };

const TERMS = { role: 'reviewer', approvals: 1 };
const OF = { task_id: 'a', session_id: 's', round: 1, role: 'reviewer', not_for: [] };

const ALL_OF_WAITING = { dependencies_ended: {}, cancelled: true } as const;

/** One event of each type, with every field that it may have. */
const FULL: { readonly [type in EventType]: { readonly payload: object } } = {
  'session.opened': event('session.opened', { number: 1, context }),
  'session.closed': sessionClosed('s', 'requested'),
  'session.checkpointed': checkpointed('a', 1),
  'task.queued': withTime(
    blocked('a', ['d'], {
      delay_ms: 1,
      dedupe_while: 'open',
      review: TERMS,
      review_of: OF,
      dependencies_ended: {},
      parent_id: 'p',
    }),
  ),
  'task.claimed': withTime(claimed('a', { group: 1, handedOffBy: AGENT })),
  'task.succeeded': withTime(succeeded('a')),
  'task.review_requested': reviewRequested('a', ['r']),
  'task.approved': signed(approved('a', true)),
  'task.changes_requested': signed(changesRequested('a', false)),
  'task.reviewer_excluded': event('task.reviewer_excluded', { reviewer: AGENT, review: 'r', role: 'reviewer' }),
  'task.failed': withTime(failedFor('a', 1)),
  'task.rescheduled': rescheduled('a', { by_ms: -1, run_at: NOW, delay_ms: 1 }),
  'task.dependency_ended': dependencyEnded('a', 'd', { after_end: true, still_asks: true }),
  'task.retried': event('task.retried', { open_dependencies: 1 }),
  'task.released': givenBack('a'),
  'task.handed_off': handedOff('a', { role: 'r' }, {}, 5),
  'task.handed_back': handedBack('a', 'role:r', NOW),
  'task.return_rescheduled': event('task.return_rescheduled', { by_ms: -1, return_at: NOW, delay_ms: 1 }),
  'task.asked': withAll(asked('a'), { ...waiting('a', ['d'], ALL_OF_WAITING).payload }),
  'task.waiting': waiting('a', ['d'], ALL_OF_WAITING),
  'task.answered': withAll(answered('a'), { open_dependencies: 1 }),
  'task.cancelled': withTime(ended('task.cancelled', 'a', { outcome: null, error: null })),
  'task.cancel_requested': cancelAsked('a'),
  'task.recovered': recovered('a', 'stale'),
  'lease.taken_over': takenOver('a', 'expired'),
  'lease.refused': refused({ operation: 'release', ended_by: '', ended_at: NOW }),
  'clock.jumped': event('clock.jumped', { by_ms: 1, expires_at: 1, taken: true }),
  'legacy.event': event('legacy.event', {}),
  'agent.registered': agentRegistered(AGENT),
  'agent.draining': agentDraining(AGENT),
  'agent.retired': agentRetired(AGENT),
  'agent.policy_set': agentPolicySet('any'),
  'agent.key_set': { payload: { public_key: null } },
  'agent.signed_roles_set': { payload: { signed_roles: [] } },
};

/** A sentence: it begins with a capital and ends with a full stop. */
const SENTENCE = /^[A-Z`].{15,}\.$/u;
/** Part of a table: a few words, or one. */
const WORDS = /^\S.{2,}\S$/u;

test.each(Object.entries(EVENT_DOCS))('%s is explained, and each field of its payload', (type, { means, fields }) => {
  const written = Object.keys(FULL[type as EventType].payload).toSorted();

  expect(means).toMatch(SENTENCE);
  expect(Object.keys(fields).toSorted()).toEqual(written);
  for (const text of Object.values(fields)) expect(text).toMatch(WORDS);
});

test('every event type is explained', () => {
  expect(Object.keys(EVENT_DOCS).toSorted()).toEqual(Object.keys(FULL).toSorted());
});

test('the events that end a lease are told apart by who ended it', () => {
  expect(LEASE_END_EVENTS).toEqual({
    holder: [
      'task.succeeded',
      'task.review_requested',
      'task.failed',
      'task.released',
      'task.handed_off',
      'task.asked',
      'task.waiting',
      'task.cancelled',
    ],
    other: ['task.recovered', 'lease.taken_over'],
  });
});

function signed({ payload, ...said }: Said): Said {
  return { ...said, payload: { ...payload, signature: { value: '', notes_sha256: '', key: '' } } } as Said;
}

function withTime(said: Said): Said {
  return withAll(said, { occurred_at: 1 });
}

function withAll({ payload, ...said }: Said, more: object): Said {
  return { ...said, payload: { ...payload, ...more } } as Said;
}
