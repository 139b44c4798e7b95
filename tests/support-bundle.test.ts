// A support bundle tells what the doctor found, nothing that users put in, and no password.
import { examineStore, makeBundle } from '@agent-orchestrator/runtime';
import { expect, test } from 'vitest';
import { claim, KINDS, newPlace, PASSWORD } from './support/examined-store.ts';

test.each(KINDS)('on %s: it tells what the doctor found, nothing that users put in, and no password', async (kind) => {
  const place = await newPlace(kind);
  const { orchestrator } = place;
  let canaries = 0;
  const canary = () => `canary-${(canaries += 1)}`;
  await orchestrator.enqueueTask({
    sessionId: 's',
    title: canary(),
    payload: { secret: canary() },
    dedupeKey: canary(),
    author: canary(),
    reviewer: canary(),
    source: canary(),
  });
  await orchestrator.enqueueTask({ sessionId: 's', payload: canary() });
  const first = await claim(place, 's');
  await orchestrator.heartbeat({ ...first, progress: canary() });
  await orchestrator.checkpoint({
    ...first,
    lastAction: canary(),
    nextAction: canary(),
    memoryRef: canary(),
    data: { secret: canary() },
  });
  await orchestrator.releaseTask({ ...first, outcome: 'succeeded', result: canary() });
  const second = await claim(place, 's');
  await orchestrator.releaseTask({ ...second, outcome: 'failed', error: { message: canary(), code: canary() } });
  place.clock.advance(60_000);
  const third = await claim(place, 's');
  await orchestrator.releaseTask({ ...third, outcome: 'released', note: canary() });
  await claim(place, 's');

  const environment = { ORCHESTRATOR_STORE: place.url, ORCHESTRATOR_KEY: canary(), PATH: canary() };
  const bundle = await makeBundle(place.url, await examineStore(place.url), { version: '1.2.3', environment });

  const text = JSON.stringify(bundle);
  expect(canaries).toBe(18);
  expect(text).not.toContain('canary');
  expect(text).not.toContain(PASSWORD);
  expect(bundle.variables).toEqual(['ORCHESTRATOR_KEY', 'ORCHESTRATOR_STORE']);
  expect(bundle).toMatchObject({
    versions: { orchestrator: '1.2.3' },
    namespaces: [{ namespace: 'default', counts: { tasks: { succeeded: 1 } } }],
    sessions: [{ id: 's', status: 'running' }],
    tasks: [{ sessionId: 's', status: 'running' }],
  });
  expect(bundle.events.length).toBe(await orchestrator.asOf());
  expect(bundle.examination.findings.map(({ check }) => check)).toContain('stale_sessions');
});
