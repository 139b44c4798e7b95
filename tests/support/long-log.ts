import type { Orchestrator } from '@agent-orchestrator/core';

const SESSIONS = 1_000;

/** Does a task in every session, round by round, until the log is long enough; and leaves one more in each. */
export async function work(orchestrator: Orchestrator, eventsMin: number): Promise<void> {
  for (let events = 0; events < eventsMin; events += 3 * SESSIONS) {
    await addToEach(orchestrator);
    const claimed = await orchestrator.claimTasks({ agent: 'company-agent', limit: SESSIONS });
    if (!claimed.ok) throw new Error(`nothing was claimed: ${claimed.reason}`);
    const tokens = claimed.claims.map(({ lease }) => lease.token);
    await orchestrator.releaseTasks(tokens.map((token) => ({ token, outcome: 'succeeded' })));
  }
  await addToEach(orchestrator);
}

async function addToEach(orchestrator: Orchestrator): Promise<void> {
  const payload = { text: 'x'.repeat(200) };
  await orchestrator.enqueueTasks(
    Array.from({ length: SESSIONS }, (_, at) => ({ sessionId: `session-${at}`, payload })),
  );
}
