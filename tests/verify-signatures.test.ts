// What verify finds in the proofs of verdicts, where the log was written anew with a chain that holds:
// - a signature that is not that of the key of its time, or names another one, or is over other notes
// - a verdict that says it was signed, of an agent without a key
// - a verdict that is not signed, of an agent with a key, and for a role that demands it
// - and, without a log that says so, that the key of an agent was replaced
import { generateKeyPairSync, sign } from 'node:crypto';
import { CHAIN_START, hashEvent, Orchestrator, type Event } from '@agent-orchestrator/core';
import { newCommandId, newSeed } from '@agent-orchestrator/runtime';
import { createMemoryData, openMemoryStorage, type MemoryData } from '@agent-orchestrator/storage-memory';
import { expect, test } from 'vitest';

interface Given {
  readonly data: MemoryData;
  readonly orchestrator: Orchestrator;
}

/** The owner reviewed a task, with its key, and asked for changes. */
async function judged(): Promise<Given> {
  const data = createMemoryData();
  const orchestrator = new Orchestrator({ storage: openMemoryStorage({ data }), newCommandId, newSeed });
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  await orchestrator.registerAgent({ agent: 'owner', roles: ['owner'], human: true });
  await orchestrator.setAgentKey({ agent: 'owner', publicKey: publicKey.export({ format: 'jwk' }).x ?? '' });
  await orchestrator.enqueueTask({ id: 'work', review: { role: 'owner' } });
  const claimed = await orchestrator.claimTask({ agent: 'company-agent' });
  if (!claimed.ok) throw new Error('nothing was claimed');
  await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'succeeded' });
  await orchestrator.reviewTask({
    taskId: 'work',
    agent: 'owner',
    verdict: 'changes_requested',
    notes: 'name it',
    sign: (bytes) => sign(null, bytes, privateKey).toString('base64url'),
  });
  return { data, orchestrator };
}

/** Changes the events, and numbers and chains their streams anew; the rows follow. */
function rewritten({ data }: Given, change: (event: Event) => Event | null): void {
  const events = data.events.flatMap((event) => change(event) ?? []);
  const ends = new Map<string, { seq: number; hash: string }>();
  data.events.splice(0);
  for (const { hash: _hash, ...event } of events) {
    const stream = `${event.streamKind}\n${event.namespace}\n${event.streamId}`;
    const before = ends.get(stream) ?? { seq: 0, hash: CHAIN_START };
    const { id, ...chained } = { ...event, seq: before.seq + 1, prevHash: before.hash };
    const hash = hashEvent(chained);
    data.events.push({ ...chained, id, hash });
    ends.set(stream, { seq: chained.seq, hash });
  }
  for (const [key, row] of data.sessions)
    data.sessions.set(key, { ...row, ...ends.get(`session\n${row.namespace}\n${row.id}`) });
  for (const [key, row] of data.agents)
    data.agents.set(key, { ...row, ...ends.get(`agent\n${row.namespace}\n${row.name}`) });
}

/** Changes the payload of the verdict. */
const inVerdict = (change: (payload: Record<string, unknown>) => object) => (event: Event) =>
  event.type === 'task.changes_requested'
    ? { ...event, payload: JSON.stringify(change(JSON.parse(event.payload) as Record<string, unknown>)) }
    : event;

async function messages({ orchestrator }: Given): Promise<string[]> {
  const { findings } = await orchestrator.verify();
  return findings.map(({ kind, sessionId, agent, message }) => `${kind} ${agent ?? sessionId}: ${message}`);
}

test('an honest verdict is clean', async () => {
  const given = await judged();
  rewritten(given, (event) => event);

  expect(await messages(given)).toEqual([]);
});

test.for<[string, (event: Event) => Event | null, string]>([
  [
    'by another key',
    inVerdict((payload) => ({ ...payload, signature: { ...(payload['signature'] as object), value: 'A'.repeat(86) } })),
    'the verdict is not signed by the key that owner had at that time.',
  ],
  [
    'and names another key',
    inVerdict((payload) => ({ ...payload, signature: { ...(payload['signature'] as object), key: '0'.repeat(32) } })),
    'the verdict is not signed by the key that owner had at that time.',
  ],
  [
    'over other notes',
    inVerdict((payload) => ({ ...payload, notes: 'drop it' })),
    'the signature of owner covers other notes than these.',
  ],
  [
    'by an agent that had no key',
    (event) => (event.type === 'agent.key_set' ? null : event),
    'the verdict is signed, but owner had no key.',
  ],
  [
    'and taken away',
    inVerdict(({ signature: _signature, ...payload }) => ({ ...payload, proof: 'unproven' })),
    'the verdict of owner had to be signed, and is not.',
  ],
])('a verdict that was signed %s', async ([_what, change, message]) => {
  const given = await judged();

  rewritten(given, change);

  expect(await messages(given)).toContain(`signature work: ${message}`);
});

test('a key that was replaced without an event', async () => {
  const given = await judged();
  const row = given.data.agents.get('default\nowner');
  if (row !== undefined) given.data.agents.set('default\nowner', { ...row, publicKey: 'A'.repeat(43) });

  expect((await messages(given)).join()).toMatch(/^state owner: publicKey: the table has "A+", the log has ".+"\.$/);
});
