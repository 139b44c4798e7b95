/*
 * What the status shows of the last hour: each change of a key and each refused write, however much happened after it;
 * nothing older; also where the clock was behind for a while.
 */
import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { readStatus } from '../src/index.ts';
import { Office } from './support/card-worlds.ts';

const MINUTE_MS = 60_000;

function newPublicKey(): string {
  return generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x ?? '';
}

test('the last hour is shown whole, and nothing older', async () => {
  await using office = new Office();
  const { orchestrator, time } = office;
  await orchestrator.registerAgent({ agent: 'owner' });
  await orchestrator.setAgentKey({ agent: 'owner', publicKey: newPublicKey() });
  time.stop(MINUTE_MS);
  await orchestrator.setAgentKey({ agent: 'owner', publicKey: null });
  await office.add();
  const lost = await office.claim();
  time.stop(20 * MINUTE_MS);
  await orchestrator.staleRecovery({ agent: 'keeper' });
  await orchestrator.heartbeat({ token: lost.lease.token });
  for (let batch = 0; batch < 30; batch += 1) await orchestrator.enqueueTasks(Array.from({ length: 100 }, () => ({})));
  const asOf = await orchestrator.asOf();
  time.stop(39 * MINUTE_MS);

  const { needsYou } = await readStatus(orchestrator);

  expect(asOf).toBeGreaterThan(6_000);
  expect(needsYou).toMatchObject({
    keyChanges: [{ type: 'agent.key_set', payload: { public_key: null } }],
    refused: [{ type: 'lease.refused' }],
    counts: { keyChanges: 1, refused: 1 },
  });
  time.stop(60 * MINUTE_MS);
  expect((await readStatus(orchestrator)).needsYou.counts).toMatchObject({ keyChanges: 0, refused: 0 });
});

test('a clock that was behind for a while hides nothing', async () => {
  await using office = new Office();
  const { orchestrator, time } = office;
  const setClock = (byMs: number) => {
    time.setWall(byMs);
    // After so long without another one, the store takes this clock.
    time.stop(3 * MINUTE_MS);
  };
  await orchestrator.registerAgent({ agent: 'owner' });
  await orchestrator.setAgentKey({ agent: 'owner', publicKey: newPublicKey() });
  setClock(-300 * MINUTE_MS);
  await orchestrator.registerAgent({ agent: 'then' });
  setClock(300 * MINUTE_MS);
  await orchestrator.registerAgent({ agent: 'now' });

  const times = (await orchestrator.listEvents()).items.map(({ at }) => at);
  expect(times, 'the clock was behind').not.toEqual(times.toSorted((a, b) => a - b));
  expect((await readStatus(orchestrator)).needsYou.counts).toMatchObject({ keyChanges: 1 });
});
