/**
 * What SQLite adds to the name of a database for the files that it keeps beside it. It deletes, overwrites and reads
 * what it finds by these names (https://sqlite.org/tempfiles.html).
 */
export const COMPANIONS = ['-wal', '-shm', '-journal'] as const;

/** In any case: on some disks, all of them name the same file. */
const COMPANION = new RegExp(`(?:${COMPANIONS.join('|')})$`, 'iu');

/**
 * Whether the file of this name would belong to the database whose name is before the ending: SQLite would delete a
 * store or a backup there, and take it for a log. So nothing of ours gets such a name.
 */
export function isCompanionName(name: string): boolean {
  return COMPANION.test(name);
}

/** The name of the database to which a file belongs; the name itself, if it is none of its companions. */
export function nameWithoutCompanion(name: string): string {
  return name.replace(COMPANION, '');
}
