import type { Storage } from '@agent-orchestrator/core';
import { newCommandId, newSeed, openStorage, Orchestrator } from '@agent-orchestrator/runtime';
import { onTestFinished } from 'vitest';
import { HERE } from './scenario.ts';

/** A store in memory, and an orchestrator that works on it. */
export async function newStore(): Promise<{ readonly storage: Storage; readonly orchestrator: Orchestrator }> {
  const storage = await openStorage('memory:');
  await storage.migrate();
  onTestFinished(() => storage.close());
  return { storage, orchestrator: new Orchestrator({ storage, newCommandId, newSeed, ...HERE }) };
}
