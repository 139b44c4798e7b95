/*
 * Asking why, with what this machine shows:
 *  - an id is taken as a task, else a session, else an agent that is known; what else has it is told
 *  - an agent is known by what it holds, and by what it claimed; of any name it can be asked, in any script
 *  - the process behind a lease is alive, or gone
 *  - a process that outlived its lease is named with its pid, long after another agent took over
 *  - where the holder is provably gone, a task, its session and an agent are told what a claim gets at once
 *  - as long as a process is left that the holder started, they are not
 */
import type { Orchestrator, ProcessIdentity } from '@agent-orchestrator/core';
import { describe, expect, test } from 'vitest';
import { askWhy, claimWithProbe, openOrchestrator } from '../src/index.ts';
import { identityOf, killNow, startProcess, until } from './support/processes.ts';

async function claimIn(orchestrator: Orchestrator, sessionId: string, process?: ProcessIdentity) {
  const claimed = await orchestrator.claimTask({ agent: 'company-agent', sessionId, process });
  if (!claimed.ok) throw new Error(`nothing was claimed: ${claimed.reason}`);
  return claimed;
}

test('an id is taken as a task, else a session, else a known agent; what else has it is told', async () => {
  await using orchestrator = await openOrchestrator('memory:');
  const alone = (await orchestrator.enqueueTask({})).task;
  await orchestrator.enqueueTask({ id: 'both', sessionId: 'branch' });
  await orchestrator.enqueueTask({ sessionId: 'both' });
  const claimed = await claimIn(orchestrator, 'branch');
  const subject = async (id: string) => {
    const answer = await askWhy(orchestrator, { id });
    return answer && [answer.why.subject, ...answer.alsoA];
  };

  expect(await subject(alone.id)).toEqual(['task', 'session']);
  expect(await subject('both')).toEqual(['task', 'session']);
  expect(await subject('branch')).toEqual(['session']);
  expect(await subject('company-agent')).toEqual(['agent']);
  expect(await subject('home-agent')).toBeNull();
  expect((await askWhy(orchestrator, { id: 'home-agent', subject: 'agent' }))?.why).toMatchObject({ holds: [] });
  expect((await askWhy(orchestrator, { id: 'both', subject: 'session' }))?.why.subject).toBe('session');
  await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'succeeded' });
  expect(await subject('company-agent'), 'known by what it claimed').toEqual(['agent']);
});

test.each(['회사재규', '회사재규'.normalize('NFD'), 'é.agent'])(
  'an agent called %s is known as well',
  async (agent) => {
    await using orchestrator = await openOrchestrator('memory:');
    await orchestrator.enqueueTask({});
    const claimed = await orchestrator.claimTask({ agent });
    if (!claimed.ok) throw new Error(claimed.reason);

    const held = await askWhy(orchestrator, { id: agent });
    await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'succeeded' });
    const later = await askWhy(orchestrator, { id: agent });

    expect([held, later].map((answer) => answer?.why)).toMatchObject([
      { subject: 'agent', agent: agent.normalize('NFC'), holds: [{}] },
      { subject: 'agent', agent: agent.normalize('NFC'), holds: [] },
    ]);
  },
);

test('it is all of one state, and says which', async () => {
  await using orchestrator = await openOrchestrator('memory:');
  const { id } = (await orchestrator.enqueueTask({})).task;

  const answer = await askWhy(orchestrator, { id });

  expect(answer?.asOf).toBe((await orchestrator.listEvents()).items.at(-1)?.id);
});

describe.skipIf(process.platform !== 'linux')('the processes behind leases', () => {
  test('a process that outlived its lease is named, long after another agent took over', async () => {
    await using orchestrator = await openOrchestrator('memory:');
    const { id, sessionId } = (await orchestrator.enqueueTask({})).task;
    const holder = await startProcess(['sleep', '100']);
    const { fence, token } = (await claimIn(orchestrator, sessionId, identityOf(holder.pid))).lease;
    const child = await startProcess(['sleep', '101'], {
      env: { ...process.env, ORCHESTRATOR_SESSION: sessionId, ORCHESTRATOR_TOKEN: token },
    });
    const seen = async () => (await askWhy(orchestrator, { id }))?.processes;
    const carried = { sessionId, fence, processes: [{ pid: child.pid, command: 'sleep' }] };

    const before = await seen();
    await killNow(holder);
    await until(() => holder.signalCode);
    const after = await seen();
    await orchestrator.releaseTask({ token, outcome: 'released' });
    await claimIn(orchestrator, sessionId);
    const later = await seen();
    await killNow(child);

    expect(before).toMatchObject({ holder: 'alive', ofLeases: [{ ...carried, over: false }] });
    expect(after).toMatchObject({ holder: 'gone', ofLeases: [{ ...carried, over: false }] });
    expect(later).toMatchObject({ holder: null, ofLeases: [{ ...carried, over: true }] });
    expect(await seen()).toMatchObject({ ofLeases: [] });
  });

  test('where the holder is provably gone, a claim gets at once what it held, and not before', async () => {
    await using orchestrator = await openOrchestrator('memory:');
    const { id, sessionId } = (await orchestrator.enqueueTask({ sessionId: 'branch' })).task;
    const holder = await startProcess(['sleep', '100']);
    const { fence, token } = (await claimIn(orchestrator, sessionId, identityOf(holder.pid))).lease;
    const child = await startProcess(['sleep', '101'], {
      env: { ...process.env, ORCHESTRATOR_SESSION: sessionId, ORCHESTRATOR_TOKEN: token },
    });
    const asked = async () => {
      const claimant = { agent: 'home-agent' };
      return [
        await askWhy(orchestrator, { id, claimant }),
        await askWhy(orchestrator, { id: sessionId, subject: 'session', claimant }),
        await askWhy(orchestrator, { id: 'home-agent', subject: 'agent' }),
      ];
    };
    const claimable = (answers: Awaited<ReturnType<typeof asked>>) => answers.map((one) => one?.why.claimable);

    const alive = await asked();
    await killNow(holder);
    const withChild = await asked();
    await killNow(child);
    const dead = await asked();
    const claimed = await claimWithProbe(orchestrator, { agent: 'home-agent', sessionId });

    expect([alive, withChild, dead].map(claimable)).toEqual([
      [false, false, false],
      [false, false, false],
      [true, true, true],
    ]);
    const [task] = dead;
    expect(task?.processes.holder).toBe('gone');
    expect(task?.why).toMatchObject({
      claimant: { evidence: [{ sessionId, fence, pid: holder.pid }] },
      conditions: expect.arrayContaining([
        expect.objectContaining({
          name: 'not_held',
          holds: true,
          says: expect.stringContaining(`process ${holder.pid} is gone, and no process carries its lease`),
          nextStep: expect.stringContaining('`orchestrator claim --session branch` takes it over at once'),
        }),
      ]),
    });
    expect(claimed).toMatchObject({ ok: true, task: { id }, takeover: { reason: 'dead' } });
  });
});
