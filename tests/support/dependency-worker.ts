/*
 * A worker of the test of dependencies: `node dependency-worker.ts URL NAME`. It claims, releases, and now and then
 * adds a task that depends on others, until its parent disconnects. What an orchestrator throws, the parent is told.
 */
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { openOrchestrator } from '@agent-orchestrator/runtime';

const [url = '', agent = ''] = process.argv.slice(2);
const LEASE = { ttlMs: 2_000, staleAfterMs: 2_000 };
const PAUSE_MS = 20;
/** How often a task is added, and on how many others it depends. */
const ADDS_EACH = 10;
const DEPENDENCIES = 3;

let isOver = false;
process.on('disconnect', () => (isOver = true));
await using orchestrator = await openOrchestrator(url);
let done = 0;
while (!isOver) {
  try {
    await work();
  } catch (error) {
    process.send?.({ error: String(error) });
    isOver = true;
  }
}

async function work(): Promise<void> {
  const claimed = await orchestrator.claimTasks({ agent, limit: 4, ...LEASE });
  if (!claimed.ok) return pause(PAUSE_MS);
  for (const { task, lease } of claimed.claims) {
    await orchestrator.releaseTask({ token: lease.token, outcome: 'succeeded', result: task.id });
    done += 1;
    if (done % ADDS_EACH !== 0) continue;
    const others = Array.from({ length: DEPENDENCIES }, () => `middle-${Math.floor(Math.random() * 1_000)}`);
    await orchestrator.enqueueTask({ title: 'added', dependsOn: others, parentId: task.id });
  }
}
