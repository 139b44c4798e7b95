import { hostname, userInfo } from 'node:os';
import { fields } from '@agent-orchestrator/core';

/**
 * The default name of an agent: the user at the machine, so that two machines that share a store have different names.
 * Characters that are not allowed become hyphens.
 *
 * @returns null if the system names no user
 */
export function defaultAgent(): string | null {
  const name = `${namePart(userName())}@${namePart(hostname())}`;
  return fields.name.safeParse(name).success ? name : null;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in the system's list of users, as in some containers.
    return String(process.getuid?.() ?? 'user');
  }
}

function namePart(text: string): string {
  return text.normalize('NFC').replaceAll(/[^\p{L}\p{M}\p{Nd}_.-]/gu, '-');
}
