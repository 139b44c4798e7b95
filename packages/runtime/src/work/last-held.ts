/*
 * Which session an agent of this machine held last: one small private file for each agent. The log knows it, too, but
 * would have to be searched back to its beginning for an agent that held nothing for long, at each start of its host.
 */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fields } from '@agent-orchestrator/core';
import { readPrivateFile, replacePrivateFile } from '../system/private-json.ts';
import { makePrivateFolder } from '../system/private-files.ts';
import { stateFolder } from '../system/state-folder.ts';

/** An agent, in one namespace of one store. */
export interface AgentPlace {
  /** The URL of the store. */
  readonly store: string;
  readonly namespace: string;
  readonly agent: string;
}

/** Remembers it. Nothing depends on it but a quick answer, so a full or read-only disk is no error. */
export function rememberHeld(place: AgentPlace, sessionId: string): void {
  try {
    if (lastHeld(place) === sessionId) return;
    const path = pathFor(place);
    makePrivateFolder(dirname(path));
    replacePrivateFile(path, { session_id: sessionId });
  } catch {
    // See above.
  }
}

/** @returns the id of the session; null: nothing is remembered */
export function lastHeld(place: AgentPlace): string | null {
  const read = readPrivateFile(pathFor(place)) as { readonly session_id?: unknown } | null;
  const id = fields.id.safeParse(read?.session_id);
  return id.success ? id.data : null;
}

/** The URL may have a password: only its digest is kept. */
function pathFor({ store, namespace, agent }: AgentPlace): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([store, namespace, agent]))
    .digest('hex');
  return join(stateFolder(), 'last-held', `${digest.slice(0, 32)}.json`);
}
