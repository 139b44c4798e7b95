// What a task was at a moment: a review whose agent may not judge it any more is handed off to none.
import { Orchestrator } from '@agent-orchestrator/core';
import { newCommandId, newSeed, openStorage } from '@agent-orchestrator/runtime';
import { expect, onTestFinished, test } from 'vitest';
import { Follower } from '../src/fold/follower.ts';

test('a review that goes back to its role, as its agent has judged, is not handed off any more', async () => {
  const storage = await openStorage('memory:');
  await storage.migrate();
  onTestFinished(() => storage.close());
  const orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
  const hold = async (sessionId: string, agent: string, roles: string[] = []) => {
    const claim = await orchestrator.claimTask({ agent, roles, sessionId });
    if (!claim.ok) throw new Error(claim.reason);
    return claim.lease.token;
  };
  await orchestrator.enqueueTask({ id: 'work', review: { role: 'reviewer', approvals: 2 } });
  await orchestrator.releaseTask({ token: await hold('work', 'company-agent'), outcome: 'succeeded' });
  const [first = '', second = ''] = (await orchestrator.getTask('work'))?.review?.open ?? [];
  const handed = await hold(second, 'owner', ['reviewer']);
  await orchestrator.releaseTask({ token: handed, outcome: 'handed_off', to: { agent: 'home-agent' } });
  const handedOff = await orchestrator.asOf();
  const judged = await hold(first, 'home-agent', ['reviewer']);
  await orchestrator.releaseTask({ token: judged, outcome: 'approved' });

  const follower = new Follower(storage, 'default');
  await follower.catchUp();
  const { events, tasks, present } = follower.history;
  const now = await orchestrator.now();
  const secondAt = (ordinal: number) => tasks.momentOf(tasks.numberOf(second), ordinal, now);

  expect(secondAt(events.ordinalOfId(handedOff))).toMatchObject({ status: 'queued', handedOff: true });
  expect(secondAt(present)).toMatchObject({ status: 'queued', handedOff: false });
  expect((await orchestrator.getTask(second))?.handedOffBy).toBeNull();
});
