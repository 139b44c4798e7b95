import { chmodSync, lstatSync } from 'node:fs';
import type { FixResult } from '@agent-orchestrator/core';
import { retryWhileBusy } from '../file/busy.ts';
import { openWriter } from '../connection.ts';
import { explainError } from '../file/explain-error.ts';
import { assertLogNotLost } from '../file/log-files.ts';
import { inspectFile, resolvePath } from '../file/store-file.ts';
import { filesOf } from './inspect.ts';
import type { FixName } from './judge.ts';

const BUSY_TIMEOUT_MS = 5_000;
/** The owner of a file may read and write it, other users may not. */
const OWNER_ALONE = 0o600;

/** Does the fix that a finding of `judge` names. */
export async function fixPlace(path: string, fix: FixName): Promise<FixResult> {
  switch (fix) {
    case 'tighten_files':
      return { done: true, message: `Only the owner can now open ${tightenFiles(path).join(', ')}.` };
    case 'empty_log':
      return (await emptyLog(path))
        ? { done: true, message: 'The write-ahead log was copied into the database and emptied.' }
        : {
            done: false,
            message: 'A running read still needs a part of the write-ahead log. The rest was copied into the database.',
          };
  }
}

/**
 * Makes the store's files readable and writable only by their owner, as they were created. The folder is not changed:
 * it may contain other files.
 *
 * @returns the paths that were changed
 */
export function tightenFiles(path: string): readonly string[] {
  try {
    const open = filesOf(resolvePath(path)).filter(
      ({ role, path: name, mode, isMine }) =>
        // What a link leads to is none of the store's files.
        role !== 'folder' && isMine === true && mode !== null && (mode & 0o077) !== 0 && lstatSync(name).isFile(),
    );
    for (const file of open) chmodSync(file.path, OWNER_ALONE);
    return open.map((file) => file.path);
  } catch (error) {
    throw explainError(error, path);
  }
}

/**
 * Copies the write-ahead log into the database and empties the log.
 *
 * @returns whether the log was emptied: a process with a long read keeps a part of it
 * @throws `STORE_BUSY` while another process does the same, or has a long write
 */
export async function emptyLog(path: string): Promise<boolean> {
  try {
    const file = resolvePath(path);
    await assertLogNotLost(file, BUSY_TIMEOUT_MS);
    return await retryWhileBusy(BUSY_TIMEOUT_MS, () => {
      inspectFile(file);
      const db = openWriter(file);
      try {
        const [row] = db.pragma('wal_checkpoint(TRUNCATE)') as readonly { readonly busy: number }[];
        return row?.busy === 0;
      } finally {
        db.close();
      }
    });
  } catch (error) {
    throw explainError(error, path);
  }
}
