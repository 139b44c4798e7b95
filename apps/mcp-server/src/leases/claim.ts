import type { Claimed, Orchestrator } from '@agent-orchestrator/core';
import { claimWithProbe, hostProcess, newSeed, systemTime } from '@agent-orchestrator/runtime';
import type { ToolContext } from '../context.ts';
import type { HeldTask } from './held-task.ts';

type Terms = Pick<Parameters<Orchestrator['claimTask']>[0], 'sessionId' | 'kinds' | 'resume'>;

/** A lease, which is renewed from now on; or the refusal. */
export type Claiming = HeldTask | Exclude<Claimed, { ok: true }>;

/** Claims in the name of the agent. The holder is the host: its process is looked up at each claim. */
export async function claim(context: ToolContext, terms: Terms, ended?: AbortSignal): Promise<Claiming> {
  const since = systemTime.read();
  const host = hostProcess();
  const { agent, instance, roles, ttlMs, staleAfterMs } = context;
  const by = { agent, instance, roles: [...roles], ttlMs, staleAfterMs, ...(host !== null && { process: host }) };
  const request = { ...by, ...terms, seed: newSeed() };
  const claimed = await context.store.send(
    'existing',
    (orchestrator, commandId) => claimWithProbe(orchestrator, { ...request, commandId }),
    ended,
  );
  return claimed.ok ? context.held.hold(claimed, since, host) : claimed;
}
