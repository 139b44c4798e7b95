import type { Orchestrator, SessionRecord, Verdict } from '@agent-orchestrator/core';
import { bytesToSign, everyRow, fenceOf, openKey, type Signer } from '@agent-orchestrator/runtime';
import type { Call } from './call.ts';
import { readPassphrase, type PassphraseOptions } from './input/passphrase.ts';

/**
 * Opens the key of an agent, before anything is written; null: it has none, so its verdicts are not signed.
 *
 * @throws `KEY_NOT_FOUND`, `KEY_UNREADABLE`, `PASSPHRASE_MISSING`, `PASSPHRASE_WRONG`
 */
export async function signerOf(
  call: Call<PassphraseOptions>,
  orchestrator: Orchestrator,
  agent: string,
): Promise<Signer | null> {
  const publicKey = (await orchestrator.getAgent(agent))?.publicKey ?? null;
  if (publicKey === null) return null;
  return openKey(publicKey, await readPassphrase(call, `the key of agent ${agent}`));
}

/** The signature of the holder of a review over its verdict; null: the agent has no key, or it holds no review. */
export async function signatureOf(
  call: Call<PassphraseOptions>,
  orchestrator: Orchestrator,
  { token, outcome, note }: { readonly token: string; readonly outcome: Verdict; readonly note?: string },
): Promise<string | null> {
  const session = await sessionOf(orchestrator, fenceOf(token));
  if (session === null || session.agent === null || session.taskId === null) return null;
  const review = await orchestrator.getTask(session.taskId);
  const reviewed = review === null ? null : await orchestrator.getReviewed(review);
  if (review === null || reviewed === null) return null;
  const sign = await signerOf(call, orchestrator, session.agent);
  return sign?.(bytesToSign({ agent: session.agent, verdict: outcome, notes: note }, review, reviewed.task)) ?? null;
}

type Held = Pick<SessionRecord, 'fence' | 'agent' | 'taskId'>;

/** The session that has a lease. `claim --env` and `run` set it beside the token. Without it, all are looked at. */
async function sessionOf(orchestrator: Orchestrator, fence: number): Promise<Held | null> {
  const id = process.env['ORCHESTRATOR_SESSION'];
  const told = id === undefined ? null : await orchestrator.getSession(id);
  if (told?.fence === fence) return told;
  for await (const session of everyRow((page) => orchestrator.listSessions({ status: ['running'], ...page })))
    if (session.fence === fence) return session;
  return null;
}
