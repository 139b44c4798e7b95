import type { EnqueueTask } from '@agent-orchestrator/core';

/** Throws what adding them would, before a store is made for tasks that cannot be added. */
export async function checkTasks(tasks: readonly EnqueueTask[]): Promise<void> {
  const { openOrchestrator } = await import('@agent-orchestrator/runtime');
  await using checker = await openOrchestrator('memory:');
  await checker.checkTasks(tasks);
}
