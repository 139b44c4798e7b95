/** Writes as fast as it can until it is told to stop, and says how often it was served and how long it waited. */
import { Orchestrator } from '@agent-orchestrator/core';
import { newCommandId } from '@agent-orchestrator/storage-conformance/processes';
import { openSqliteStorage } from '../../src/index.ts';
import { newSeed } from '../new-seed.ts';
import { leave, settings, tell, told } from './parent.ts';

const { path, agent } = settings() as { readonly path: string; readonly agent: string };

const storage = await openSqliteStorage({ path });
const orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
const start = told('start');
tell('ready');
await start;

const state = { stopped: false };
const stop = told('stop').then(() => (state.stopped = true));
const errors: string[] = [];
let served = 0;
let longestMs = 0;
while (!state.stopped) {
  const began = performance.now();
  try {
    await cycle();
    served += 1;
  } catch (error) {
    errors.push(String(error));
  }
  longestMs = Math.max(longestMs, performance.now() - began);
}
await stop;
tell('result', { agent, served, errors, longestMs: Math.round(longestMs) });
await storage.close();
leave();

async function cycle(): Promise<void> {
  const { task } = await orchestrator.enqueueTask({ sessionId: `of-${agent}` });
  const claim = await orchestrator.claimTask({ agent, sessionId: task.sessionId });
  if (!claim.ok) throw new Error(`nothing was claimed: ${claim.reason}`);
  const released = await orchestrator.releaseTask({ token: claim.lease.token, outcome: 'succeeded' });
  if (!released.ok) throw new Error(`not released: ${released.reason}`);
}
