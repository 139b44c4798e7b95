import type { Lease, Orchestrator } from '@agent-orchestrator/core';

const MACHINE = { host: 'office-mac', boot: 'boot-1' };

/** The process that holders of the scenario run in, on a machine of this test. It is long gone. */
export const HERE = { machine: MACHINE, process: { ...MACHINE, pid: 4_711, start: '99' } };

/** What agents write to harm the reader of a page. */
const MARKUP = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
const HOSTILE_TITLE = `${MARKUP}\u202e\u200b`;
/** What is hidden, or changes the order of what is beside it, is shown by its code. */
export const HOSTILE_TITLE_SHOWN = String.raw`${MARKUP}\u{202e}\u{200b}`;

/** Calls `look` after each call of the orchestrator. */
export function afterEach(orchestrator: Orchestrator, look: () => Promise<unknown>): Orchestrator {
  return new Proxy(orchestrator, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return async (...given: unknown[]) => {
        const answer: unknown = await Reflect.apply(value, target, given);
        await look();
        return answer;
      };
    },
  });
}

/** Something of everything that a page can show. The ids of the tasks are their roles in it. */
export async function playScenario(orchestrator: Orchestrator): Promise<{ readonly held: Lease }> {
  await orchestrator.enqueueTasks([
    { id: 'done', title: '주간 보고서 작성', sessionId: 'docs', payload: { pages: 3 } },
    { id: 'dead', title: 'Reconcile invoices', attemptsMax: 1 },
    { id: 'asks', title: 'Migrate the schema' },
    { id: 'reviewed', title: 'Fix the flaky test', review: { role: 'reviewer', approvals: 1 } },
    { id: 'handed', title: 'Translate chapter 3' },
    { id: 'lost', title: 'Nightly report', sessionId: 'nightly' },
    { id: 'held', title: HOSTILE_TITLE, sessionId: 'code' },
    { id: 'later', title: 'Next week', delayMs: 3_600_000 },
  ]);
  await orchestrator.enqueueTasks([{ id: 'blocked', title: 'Publish', dependsOn: ['dead'] }]);

  const done = await claim(orchestrator, 'done', 'claude-docs');
  await orchestrator.checkpoint({ token: done.token, lastAction: 'read', nextAction: 'write the next part' });
  await orchestrator.releaseTask({ token: done.token, outcome: 'succeeded', result: { pages: 3 } });

  const dead = await claim(orchestrator, 'dead', 'codex-review');
  await orchestrator.releaseTask({ token: dead.token, outcome: 'failed', error: { message: 'the bank is closed' } });

  const asks = await claim(orchestrator, 'asks', 'codex-review');
  await orchestrator.releaseTask({
    token: asks.token,
    outcome: 'waiting',
    ask: { question: 'Which column keeps the old name?' },
  });

  const reviewed = await claim(orchestrator, 'reviewed', 'claude-docs');
  await orchestrator.releaseTask({ token: reviewed.token, outcome: 'succeeded' });

  const handed = await claim(orchestrator, 'handed', 'claude-docs');
  await orchestrator.releaseTask({
    token: handed.token,
    outcome: 'handed_off',
    to: { agent: 'gemini-tests' },
    note: 'glossary is done',
  });

  const lost = await claim(orchestrator, 'lost', 'openclaw-night');
  await orchestrator.checkpoint({ token: lost.token, nextAction: 'send it' });
  const { sessionId, fence } = lost;
  await orchestrator.staleRecovery({ evidence: [{ sessionId, fence, ...MACHINE, pid: 4_711, processStart: '99' }] });
  const again = await claim(orchestrator, 'lost', 'home-agent');
  await orchestrator.releaseTask({ token: again.token, outcome: 'succeeded' });
  // The holder that was thought dead comes back.
  await orchestrator.releaseTask({ token: lost.token, outcome: 'succeeded' });

  const held = await claim(orchestrator, 'held', 'home-agent');
  await orchestrator.checkpoint({ token: held.token, nextAction: '<b>bold</b> next step' });
  return { held };
}

/** Claims the task of a session, which must be its head. */
async function claim(orchestrator: Orchestrator, taskId: string, agent: string): Promise<Lease> {
  const task = await orchestrator.getTask(taskId);
  if (task === null) throw new Error(`there is no task ${taskId}`);
  const claimed = await orchestrator.claimTask({ agent, sessionId: task.sessionId });
  if (!claimed.ok || claimed.task.id !== taskId) throw new Error(`${taskId} was not claimed`);
  return claimed.lease;
}
