// How an agent that was restarted takes back what its earlier run held (`resume`):
// - a lease of which no process is known is taken back at once
// - one whose process is known is taken back on evidence of its death, or after half its TTL without a heartbeat
// - until then the answer is that the previous run may be alive
// - what this very run of the agent holds, and what other agents hold, is not of an earlier run
// - without a session it takes back what it held first; as many as it asks for
// - if it does not want what it held, it takes the best head
import { expect, test } from 'vitest';
import { claim, heartbeat } from '../../src/commands/index.ts';
import {
  AGENT,
  claimed,
  EVIDENCE,
  LOGGED_EVIDENCE,
  NOW,
  OTHER_AGENT,
  opened,
  PROCESS,
  queued,
  recovered,
  STALE_AFTER_MS,
  takenOver,
  tokenOf,
  TTL_MS,
  type LeaseSaid,
} from '../support/events.ts';
import { given } from '../support/given.ts';

const CLAIM = { agent: AGENT, instance: 'run-2', ttlMs: TTL_MS, staleAfterMs: STALE_AFTER_MS, resume: true };
const CLAIM_SESSION = { ...CLAIM, sessionId: 's' };

/** A session in which the agent's earlier run works on a task. */
function held(lease: LeaseSaid = {}) {
  return given(opened(), queued('a'), claimed('a', { instance: 'run-1', ...lease }));
}

/** What a claim by the new run writes: the end of the earlier run's lease, and its own. */
function resumed(taskId: string, at: number, lease: LeaseSaid = {}) {
  const { sessionId = 's', process: _process, ...of } = lease;
  return [
    takenOver(taskId, 'resumed', { by: RUN_2, lease: { instance: 'run-1', sessionId, ...of } }),
    claimed(taskId, { sessionId, instance: 'run-2', at, fence: at * 1_000 }),
  ];
}

const RUN_2 = { agent: AGENT, instance: 'run-2' };

const PREVIOUS_ALIVE = {
  ok: false,
  reason: 'busy',
  why: 'previous_alive',
  sessionId: 's',
  heldBy: { agent: AGENT, instance: 'run-1' },
  until: NOW + TTL_MS,
};

test('a lease of which no process is known is taken back at once', () => {
  const { reply } = held().when(claim, CLAIM_SESSION);

  held().when(claim, CLAIM_SESSION).then(resumed('a', NOW));
  expect(reply).toMatchObject({
    claims: [{ takeover: { from: { agent: AGENT, instance: 'run-1', fence: 1 }, reason: 'resumed' } }],
  });
});

test('one whose process is known is not taken back at once: that process may be alive', () => {
  held({ process: PROCESS })
    .after(TTL_MS / 2 - 1)
    .when(claim, CLAIM_SESSION)
    .then([], PREVIOUS_ALIVE);
});

test('it is taken back on evidence that the process is dead', () => {
  held({ process: PROCESS })
    .when(claim, { ...CLAIM_SESSION, evidence: [EVIDENCE] })
    .then([
      takenOver('a', 'resumed', { by: RUN_2, lease: { instance: 'run-1' }, evidence: LOGGED_EVIDENCE }),
      claimed('a', { instance: 'run-2', fence: NOW * 1_000 }),
    ]);
});

test('it is taken back after half its TTL without a heartbeat', () => {
  const at = NOW + TTL_MS / 2;

  held({ process: PROCESS })
    .after(TTL_MS / 2)
    .when(claim, CLAIM_SESSION)
    .then(resumed('a', at, { process: PROCESS }));
});

test('a heartbeat starts that half anew', () => {
  const { store } = held({ process: PROCESS })
    .after(1)
    .when(heartbeat, { token: tokenOf(1) });

  const { reply } = store.after(TTL_MS / 2).when(claim, CLAIM_SESSION);

  expect(reply).toMatchObject({ why: 'previous_alive', until: NOW + 1 + TTL_MS });
});

test('what this very run of the agent holds is not of an earlier run', () => {
  const { reply } = held().when(claim, { ...CLAIM_SESSION, instance: 'run-1' });

  expect(reply).toMatchObject({ reason: 'busy', why: 'held' });
});

test('a run without an instance takes back what any run of the agent holds', () => {
  const { reply } = held().when(claim, { ...CLAIM_SESSION, instance: undefined });

  expect(reply).toMatchObject({ claims: [{ takeover: { reason: 'resumed' } }] });
});

test.each([
  ['of another agent', { agent: OTHER_AGENT }, CLAIM_SESSION],
  ['of the same agent, without resume', {}, { ...CLAIM_SESSION, resume: false }],
])('a lease %s is not taken back', (_what, lease, call) => {
  const { reply } = held(lease).when(claim, call);

  expect(reply).toMatchObject({ reason: 'busy', why: 'held' });
});

test('a lease of another agent is taken over when it has expired', () => {
  const { reply } = held({ agent: OTHER_AGENT }).after(TTL_MS).when(claim, CLAIM_SESSION);

  expect(reply).toMatchObject({ claims: [{ takeover: { reason: 'expired' } }] });
});

/** Two sessions of the earlier run, and the best head elsewhere. */
function heldTwice(first: LeaseSaid = {}, second: LeaseSaid = {}) {
  const lease = { instance: 'run-1' };
  return given()
    .and(opened('s1'))
    .and(queued('a', { sessionId: 's1', kind: 'build' }))
    .and(claimed('a', { ...lease, sessionId: 's1', fence: 2, ...first }))
    .and(opened('s2', 2))
    .and(queued('b', { sessionId: 's2', number: 2, kind: 'build' }))
    .and(claimed('b', { ...lease, sessionId: 's2', fence: 1, ...second }))
    .and(opened('s3', 3))
    .and(queued('c', { sessionId: 's3', number: 3, priority: 0 }));
}

test('without a session, what it held first is taken back, before any better head', () => {
  heldTwice()
    .when(claim, CLAIM)
    .then(resumed('b', NOW, { sessionId: 's2', fence: 1 }));
});

test('without a session, as many are taken back as it asks for', () => {
  const { reply } = heldTwice().when(claim, { ...CLAIM, limit: 2 });

  expect(reply).toMatchObject({ claims: [{ task: { id: 'b' } }, { task: { id: 'a' } }] });
});

test('without a session, only what it held is taken back, even if it asks for more', () => {
  const { reply } = heldTwice().when(claim, { ...CLAIM, limit: 9 });

  expect(reply).toMatchObject({ ok: true, claims: { length: 2 } });
});

test('without a session, what may be alive is passed over for what is not', () => {
  heldTwice({}, { process: PROCESS })
    .when(claim, CLAIM)
    .then(resumed('a', NOW, { sessionId: 's1', fence: 2 }));
});

test('without a session, the answer is that the previous run may be alive, if that is so of all it held', () => {
  heldTwice({ process: PROCESS }, { process: PROCESS })
    .when(claim, CLAIM)
    .then([], { ...PREVIOUS_ALIVE, sessionId: 's2' });
});

test('without a session, a run that held nothing takes the best head', () => {
  const store = heldTwice({ agent: OTHER_AGENT }, { agent: OTHER_AGENT });

  store.when(claim, CLAIM).then([claimed('c', { sessionId: 's3', instance: 'run-2', fence: NOW * 1_000 })]);
});

test('if it does not want what it held, that is given back, and the best head is taken', () => {
  const end = resumed('b', NOW, { sessionId: 's2', fence: 1 }).slice(0, 1);
  const store = heldTwice();

  store
    .when(claim, { ...CLAIM, kinds: ['task'] })
    .then([...end, claimed('c', { sessionId: 's3', instance: 'run-2', fence: NOW * 1_000 })]);
});

test('a stale session that it resumes is not recovered as well', () => {
  const at = NOW + STALE_AFTER_MS;
  const store = heldTwice().after(STALE_AFTER_MS);

  store
    .when(claim, { ...CLAIM, kinds: ['task'] })
    .then([
      takenOver('b', 'resumed', { by: RUN_2, lease: { instance: 'run-1', sessionId: 's2', fence: 1 } }),
      recovered('a', 'stale', { by: RUN_2, lease: { instance: 'run-1', sessionId: 's1', fence: 2 } }),
      claimed('c', { sessionId: 's3', instance: 'run-2', at, fence: at * 1_000 }),
    ]);
});
