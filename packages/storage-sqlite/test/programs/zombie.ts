/** Claims a task, is halted, and tries to continue as if nothing had happened when it is told to. */
import { Orchestrator } from '@agent-orchestrator/core';
import { newCommandId } from '@agent-orchestrator/storage-conformance/processes';
import { openSqliteStorage } from '../../src/index.ts';
import { newSeed } from '../new-seed.ts';
import { leave, settings, tell, told } from './parent.ts';

const { path, ttlMs } = settings() as { readonly path: string; readonly ttlMs: number };

const storage = await openSqliteStorage({ path });
const orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
const claim = await orchestrator.claimTask({ agent: 'zombie', ttlMs, staleAfterMs: ttlMs });
if (!claim.ok) throw new Error(`nothing was claimed: ${claim.reason}`);
const { sessionId, fence, token, expiresAt } = claim.lease;
const goOn = told('continue');
tell('claimed', { sessionId, fence, expiresAt });
await goOn;

const holder = { token };
tell('answered', {
  checkpoint: await orchestrator.checkpoint({ ...holder, nextAction: 'what the zombie meant to do' }),
  heartbeat: await orchestrator.heartbeat(holder),
  release: await orchestrator.releaseTask({ ...holder, outcome: 'succeeded' }),
});
await storage.close();
leave();
