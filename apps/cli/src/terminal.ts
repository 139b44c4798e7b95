import type { ClaimRecord } from '@agent-orchestrator/core';
import type { TerminalLease } from '@agent-orchestrator/runtime';
import type { Call } from './call.ts';

/*
 * The leases that claims left behind in this terminal session. `claim --env` leaves none: it gives the token to the
 * shell.
 */

/** Leaves a lease behind. @returns whether the commands that follow in this terminal find it by themselves */
export async function leaveInTerminal(call: Call, claim: ClaimRecord): Promise<boolean> {
  const { leaveLease } = await import('./store-access.ts');
  const count = leaveLease(await placeOf(call, claim.lease.agent), claim);
  return count === 1 && process.env['ORCHESTRATOR_TOKEN'] === undefined;
}

/** Those of the agent that calls, or of the run of it that is named. */
export async function leasesInTerminal(call: Call): Promise<readonly TerminalLease[]> {
  const agent = call.options.agent ?? call.settings.agent.value;
  if (agent === null) return [];
  const { leasesLeft } = await import('./store-access.ts');
  return leasesLeft(await placeOf(call, agent), call.options.instance);
}

/**
 * After the answer to a holder. A lease that was released is forgotten. One that is lost is, too, if it was the only
 * one to choose: now the holder has been told. With a token, others in the terminal have not.
 */
export async function noteInTerminal(
  { options }: Call<{ readonly token?: string }>,
  { token }: { readonly token: string },
  reply: { readonly ok: boolean; readonly reason?: string },
  { isReleased = false } = {},
): Promise<void> {
  const { forgetLease, keepLeft } = await import('./store-access.ts');
  if (reply.ok && !isReleased) keepLeft(token);
  if (reply.ok ? isReleased : reply.reason === 'lease_lost' && options.token === undefined) forgetLease(token);
}

async function placeOf({ options, settings }: Call, agent: string) {
  const { DEFAULTS, locateStore } = await import('./store-access.ts');
  const { url } = (await locateStore(settings.store.value)).location;
  return { store: url, namespace: options.namespace ?? DEFAULTS.namespace, agent };
}
