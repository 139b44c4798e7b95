import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir, hostname, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fields } from '@agent-orchestrator/core';
import { currentFolder } from './current-folder.ts';

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

/** Two folders of one name are two. */
const DIGITS = 4;
const FOLDER_NAME_MAX = 40;

/**
 * The default name of an agent that lives in an agent host: by host, machine and worktree. So a later session of the
 * host in that worktree is the same agent, and one in another worktree is another: `claude-code@laptop+parser-3f2a`.
 *
 * @param folder where the host works; in the home folder the name has no worktree
 */
export function agentOfHost(host: string, folder = currentFolder()): string {
  const root = worktreeOf(folder);
  const where = root === null ? '' : `+${namePart(basename(root)).slice(0, FOLDER_NAME_MAX)}-${digits(root)}`;
  const name = `${namePart(host)}@${namePart(hostname())}${where}`;
  return fields.name.safeParse(name).success ? name : 'agent';
}

function worktreeOf(folder: string): string | null {
  if (folder === '' || folder === homedir() || folder === dirname(folder)) return null;
  for (let above = folder; above !== dirname(above); above = dirname(above))
    if (existsSync(join(above, '.git'))) return above;
  return folder;
}

function digits(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGITS);
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
