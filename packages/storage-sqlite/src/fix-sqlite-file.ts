import { chmodSync } from 'node:fs';
import { retryWhileBusy } from './busy.ts';
import { openWriter } from './connection.ts';
import { translateError } from './errors.ts';
import { filesOf } from './inspect-sqlite-file.ts';
import { resolvePath } from './store-file.ts';

const BUSY_TIMEOUT_MS = 5_000;
/** The owner of a file may read and write it, other users may not. */
const OWNER_ALONE = 0o600;

/**
 * Makes the store's files readable and writable by their owner alone, as they were made. The folder is left as it is:
 * other things may stand in it.
 *
 * @returns the paths that were changed
 */
export function tightenSqliteFile(path: string): readonly string[] {
  try {
    const open = filesOf(resolvePath(path)).filter(
      ({ role, mode, isMine }) => role !== 'folder' && isMine === true && mode !== null && (mode & 0o077) !== 0,
    );
    for (const file of open) chmodSync(file.path, OWNER_ALONE);
    return open.map((file) => file.path);
  } catch (error) {
    throw translateError(error);
  }
}

/**
 * Brings what the write-ahead log holds into the database and cuts the log back to nothing.
 *
 * @returns whether all of it could be done: a process that reads for long keeps the rest
 * @throws `STORE_BUSY` while another process does the same or writes for long
 */
export async function emptySqliteLog(path: string): Promise<boolean> {
  try {
    const file = resolvePath(path);
    return await retryWhileBusy(BUSY_TIMEOUT_MS, () => {
      const db = openWriter(file);
      try {
        const [row] = db.pragma('wal_checkpoint(TRUNCATE)') as readonly { readonly busy: number }[];
        return row?.busy === 0;
      } finally {
        db.close();
      }
    });
  } catch (error) {
    throw translateError(error);
  }
}
