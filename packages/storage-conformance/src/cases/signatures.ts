import { bytesToSign, resultDigest, type ClaimRecord, type ReviewedNow } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { chapter } from '../chapter.ts';
import { AGENT, holderOf, OTHER_AGENT } from '../factories.ts';
import { newSigningKey, type SigningKey } from '../signing-key.ts';
import { thrownBy } from '../thrown.ts';
import type { World } from '../world.ts';

export const signatures = chapter('signatures', {
  'an agent has one key, which is set, replaced and revoked': keys,
  'a verdict that its agent signed is proven by the signature, and the log keeps it': signed,
  'an agent with a key gives no verdict without a signature': unsigned,
  'a role can demand that its verdicts are signed': demanded,
  'a signature is good for one round of one task': replayed,
  'the short way judges what was seen, and nothing that was done since': seen,
  'what was signed stays proven after the key was replaced, and the old key signs nothing more': rotated,
});

const TERMS = { role: 'reviewer', approvals: 1 };

/** Given: the work of a task is done. */
async function done(world: World, sessionId: string): Promise<string> {
  const claim = await world.claimNew({ sessionId, review: TERMS });
  await world.release(claim, { result: { lines: 12 } });
  return claim.task.id;
}

/** Given: an agent with a key. */
async function withKey(world: World, agent = OTHER_AGENT): Promise<SigningKey> {
  const key = newSigningKey();
  await world.orchestrator.registerAgent({ agent, roles: [TERMS.role] });
  await world.orchestrator.setAgentKey({ agent, publicKey: key.publicKey });
  return key;
}

function review(world: World, taskId: string, key?: SigningKey): Promise<ReviewedNow> {
  return world.rival.reviewTask({ taskId, agent: OTHER_AGENT, verdict: 'approved', sign: key?.sign });
}

function signatureOf({ task, reviewed }: ClaimRecord, key: SigningKey): string {
  if (reviewed === undefined) throw new Error('it is no review');
  return key.sign(bytesToSign({ agent: OTHER_AGENT, verdict: 'approved' }, task, reviewed.task));
}

async function keys(world: World): Promise<void> {
  const first = await withKey(world);
  const second = newSigningKey();
  const set = (publicKey: string | null) => world.rival.setAgentKey({ agent: OTHER_AGENT, publicKey });
  expect(await world.orchestrator.getAgent(OTHER_AGENT)).toMatchObject({ publicKey: first.publicKey });

  expect(await set(second.publicKey)).toMatchObject({ ok: true, agent: { publicKey: second.publicKey } });
  await world.changesNothing(() => set(second.publicKey));
  expect(await set(null)).toMatchObject({ ok: true, agent: { publicKey: null } });

  expect(await world.changesNothing(() => world.orchestrator.setAgentKey({ agent: AGENT, publicKey: null }))).toEqual({
    ok: false,
    reason: 'not_found',
  });
  const { items } = await world.peer.read.events({ namespace: 'default', ofAgent: OTHER_AGENT, limit: 10 });
  expect(items.map(({ type }) => type)).toEqual([
    'agent.registered',
    'agent.key_set',
    'agent.key_set',
    'agent.key_set',
  ]);
}

async function signed(world: World): Promise<void> {
  const [key, id] = [await withKey(world), await done(world, 'work')];

  expect(await review(world, id, key)).toMatchObject({ ok: true, status: 'succeeded' });

  const [approval] = await world.events({ taskId: id, types: ['task.approved'] });
  expect(approval?.payload).toMatchObject({ proof: 'signature', signature: { value: expect.any(String) as string } });
  expect((await world.task(id)).review?.approved).toMatchObject([{ agent: OTHER_AGENT, proof: 'signature' }]);
}

async function unsigned(world: World): Promise<void> {
  await withKey(world);
  const id = await done(world, 'work');

  const short = await world.changesNothing(() => thrownBy(review(world, id)));
  const claim = await world.claim({ agent: OTHER_AGENT });
  const call = { ...holderOf(claim), outcome: 'approved' } as const;
  const long = await world.changesNothing(() => thrownBy(world.orchestrator.releaseTask(call)));

  expect([short, long]).toMatchObject([{ code: 'SIGNATURE_REQUIRED' }, { code: 'SIGNATURE_REQUIRED' }]);
  expect(await world.task(id)).toMatchObject({ status: 'in_review' });
}

async function demanded(world: World): Promise<void> {
  const id = await done(world, 'work');
  await world.orchestrator.setAgentPolicy({ signedRoles: [TERMS.role] });
  expect(await world.rival.signedRoles()).toEqual([TERMS.role]);
  expect(await world.rival.signedRoles('other')).toEqual([]);

  const refused = await world.changesNothing(() => thrownBy(review(world, id)));
  const key = await withKey(world);

  expect(refused).toMatchObject({ code: 'SIGNATURE_REQUIRED' });
  expect(await review(world, id, key)).toMatchObject({ ok: true, status: 'succeeded' });
}

async function replayed(world: World): Promise<void> {
  const key = await withKey(world);
  await done(world, 'one');
  const first = await world.claim({ agent: OTHER_AGENT });
  const signature = signatureOf(first, key);
  await world.orchestrator.releaseTask({ ...holderOf(first), outcome: 'approved', signature });
  await done(world, 'other');
  const other = await world.claim({ agent: OTHER_AGENT });
  const call = { ...holderOf(other), outcome: 'approved', signature } as const;

  expect(await world.changesNothing(() => thrownBy(world.orchestrator.releaseTask(call)))).toMatchObject({
    code: 'SIGNATURE_INVALID',
    field: 'signature',
  });
  const own = signatureOf(other, key);
  expect(await world.orchestrator.releaseTask({ ...call, signature: own })).toMatchObject({ ok: true });
}

async function seen(world: World): Promise<void> {
  const [key, id] = [await withKey(world), await done(world, 'work')];
  const { review: first } = await world.task(id);
  const saw = { round: first?.round, resultSha256: first?.resultSha256 ?? '' };
  expect(saw).toEqual({ round: 1, resultSha256: resultDigest({ lines: 12 }) });
  await world.orchestrator.reviewTask({ taskId: id, agent: 'owner', verdict: 'changes_requested', notes: 'more' });
  await world.release(await world.claim({ sessionId: 'work' }), { result: { lines: 99 } });
  const now = { round: 2, resultSha256: resultDigest({ lines: 99 }) };
  const approve = (what: object) =>
    world.rival.reviewTask({ taskId: id, agent: OTHER_AGENT, verdict: 'approved', sign: key.sign, ...what });

  for (const what of [saw, { round: 1 }, { resultSha256: saw.resultSha256 }])
    expect(await world.changesNothing(() => approve(what))).toEqual({ ok: false, reason: 'other_work', ...now });
  expect(await approve(now)).toMatchObject({ ok: true, status: 'succeeded', ...now });
}

async function rotated(world: World): Promise<void> {
  const [old, first] = [await withKey(world), await done(world, 'one')];
  await review(world, first, old);
  const key = newSigningKey();
  await world.orchestrator.setAgentKey({ agent: OTHER_AGENT, publicKey: key.publicKey });
  const second = await done(world, 'other');

  expect(await thrownBy(review(world, second, old))).toMatchObject({ code: 'SIGNATURE_INVALID' });
  expect(await review(world, second, key)).toMatchObject({ ok: true, status: 'succeeded' });
  expect((await world.rival.verify()).findings).toEqual([]);
}
