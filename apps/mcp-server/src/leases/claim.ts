import type { Claimed, ClaimRecord, Orchestrator } from '@agent-orchestrator/core';
import { claimWithProbe, newSeed } from '@agent-orchestrator/runtime';
import type { ToolContext } from '../context.ts';
import type { HeldTask } from './held-task.ts';

type Terms = Pick<Parameters<Orchestrator['claimTask']>[0], 'sessionId' | 'kinds' | 'resume'>;

/** A lease that was granted just now. */
export interface Granted {
  readonly ok: true;
  readonly held: HeldTask;
  readonly claim: ClaimRecord;
}

/** A lease, which is kept from now on; or the refusal. */
export type Claiming = Granted | Exclude<Claimed, { ok: true }>;

/** Claims in the name of the agent. The holder is the process of the host. */
export async function claim(context: ToolContext, terms: Terms, ended?: AbortSignal): Promise<Claiming> {
  const { agent, instance, roles, ttlMs, staleAfterMs, host } = context;
  // Where processes cannot be seen, a lease names none.
  const process = host.process.start === '' ? {} : { process: host.process };
  const request = { agent, instance, roles: [...roles], ttlMs, staleAfterMs, ...process, ...terms, seed: newSeed() };
  const claimed = await context.store.send(
    'existing',
    (orchestrator, commandId) => claimWithProbe(orchestrator, { ...request, commandId }),
    ended,
  );
  return claimed.ok ? keep(context, claimed) : claimed;
}

/**
 * A lease that no file keeps would run for an agent that does not know of it: then it is given back. What files there
 * are go last: after a crash in between, or without an answer of the store, the next server still knows the lease.
 */
async function keep({ held, host, store }: ToolContext, claim: ClaimRecord): Promise<Granted> {
  try {
    return { ok: true, claim, held: held.hold(claim, host.conversation) };
  } catch (error) {
    const { lease, task } = claim;
    const holder = { token: lease.token, ...(lease.instance !== null && { instance: lease.instance }) };
    const note = task.note === null ? {} : { note: task.note };
    await store.send('existing', (one, commandId) =>
      one.releaseTask({ ...holder, ...note, outcome: 'released', commandId }),
    );
    held.holdings.remove(lease);
    throw error;
  }
}
