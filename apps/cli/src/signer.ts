import type { Orchestrator, SessionRecord, Verdict } from '@agent-orchestrator/core';
import { bytesToSign, fenceOf, keyFingerprint, openKey, type Signer } from '@agent-orchestrator/runtime';
import type { Call } from './call.ts';
import type { Holder } from './input/holder.ts';
import { readPassphrase, type PassphraseOptions } from './input/passphrase.ts';

/** Signs by the key of an agent; with its fingerprint. */
interface AgentSigner {
  readonly sign: Signer;
  readonly key: string;
}

/**
 * Opens the key of an agent, before anything is written; null: it has none, so its verdicts are not signed.
 *
 * @throws `KEY_NOT_FOUND`, `KEY_UNREADABLE`, `PASSPHRASE_MISSING`, `PASSPHRASE_WRONG`
 */
export async function signerOf(
  call: Call<PassphraseOptions>,
  orchestrator: Orchestrator,
  agent: string,
): Promise<AgentSigner | null> {
  const publicKey = (await orchestrator.getAgent(agent))?.publicKey ?? null;
  if (publicKey === null) return null;
  const sign = openKey(publicKey, await readPassphrase(call, `the key of agent ${agent}`));
  return { sign, key: keyFingerprint(publicKey) };
}

/** The signature of the holder of a review over its verdict; null: the agent has no key, or it holds no review. */
export async function signatureOf(
  call: Call<PassphraseOptions>,
  orchestrator: Orchestrator,
  { token, instance, outcome, note }: Holder & { readonly outcome: Verdict; readonly note?: string },
): Promise<string | null> {
  const session = await sessionOf(orchestrator, { token, ...(instance !== undefined && { instance }) });
  if (session === null || session.agent === null || session.taskId === null) return null;
  const review = await orchestrator.getTask(session.taskId);
  const reviewed = review === null ? null : await orchestrator.getReviewed(review);
  if (review === null || reviewed === null) return null;
  const signer = await signerOf(call, orchestrator, session.agent);
  return (
    signer?.sign(bytesToSign({ agent: session.agent, verdict: outcome, notes: note }, review, reviewed.task)) ?? null
  );
}

type Held = Pick<SessionRecord, 'fence' | 'agent' | 'taskId'>;

/**
 * The session that has a lease; null: the lease is lost. `claim --env` and `run` set it beside the token. Without it,
 * only a call of the holder finds the lease by its fence.
 */
async function sessionOf(orchestrator: Orchestrator, holder: Holder): Promise<Held | null> {
  const told = await heldAt(orchestrator, process.env['ORCHESTRATOR_SESSION'], holder);
  if (told !== null) return told;
  const alive = await orchestrator.heartbeat(holder);
  return alive.ok ? heldAt(orchestrator, alive.sessionId, holder) : null;
}

async function heldAt(orchestrator: Orchestrator, id: string | undefined, { token }: Holder): Promise<Held | null> {
  const session = id === undefined ? null : await orchestrator.getSession(id);
  return session?.fence === fenceOf(token) ? session : null;
}
