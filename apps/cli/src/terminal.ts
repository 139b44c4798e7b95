import type { ClaimRecord } from '@agent-orchestrator/core';
import type { TerminalLease } from '@agent-orchestrator/runtime';
import type { Call } from './call.ts';
import { givenPlace, placeFlags, type GivenPlace } from './given-place.ts';

/*
 * The leases that claims left behind in this terminal session. `claim --env` leaves none: it gives the token to the
 * shell.
 */

export interface LeftInTerminal {
  /** What the holder's commands need beside the token; null: they find the lease by themselves. */
  readonly place: GivenPlace | null;
  /** Whether they need the token, however they are called. */
  readonly needsToken: boolean;
}

/** Leaves a lease behind. */
export async function leaveInTerminal(call: Call, claim: ClaimRecord): Promise<LeftInTerminal> {
  const { leaveLease } = await import('./store-access.ts');
  const left = leaveLease(await placeOf(call, claim.lease.agent), claim);
  if (left === 'another found') call.output.chatter(NOT_LEFT);
  const place = await givenPlace(call);
  const isNamed = placeFlags(place) !== '' || call.settings.agent.from === 'argument';
  const needsToken = left !== 'found' || process.env['ORCHESTRATOR_TOKEN'] !== undefined;
  return { place: needsToken || isNamed ? place : null, needsToken };
}

const NOT_LEFT =
  'the lease of this claim could not be left behind in this terminal, where an earlier one is: set ORCHESTRATOR_TOKEN';

/** Those of the agent that calls, or of the run of it that is named. */
export async function leasesInTerminal(call: Call): Promise<readonly TerminalLease[]> {
  const agent = call.options.agent ?? call.settings.agent.value;
  if (agent === null) return [];
  const { leasesLeft } = await import('./store-access.ts');
  return leasesLeft(await placeOf(call, agent), call.options.instance);
}

/** The lease with this token was released. */
export async function forgetInTerminal({ token }: { readonly token: string }): Promise<void> {
  const { forgetLease } = await import('./store-access.ts');
  forgetLease(token);
}

async function placeOf({ options, settings }: Call, agent: string) {
  const { DEFAULTS, locateStore } = await import('./store-access.ts');
  const { url } = (await locateStore(settings.store.value)).location;
  return { store: url, namespace: options.namespace ?? DEFAULTS.namespace, agent };
}
