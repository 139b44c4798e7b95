import { existsSync, lstatSync, readdirSync, readFileSync, statSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { COMPANIONS, isCompanionName, nameWithoutCompanion, OrchestratorError } from '@agent-orchestrator/core';
import { hasMountAt, readMountTable } from './file-system.ts';
import { isPartialOfOthers } from './partial-name.ts';

const OTHERS_WRITE = 0o022;
const PASSWD_LINE = /^([^:]*):[^:]*:(\d+):/;

export interface OwnFileOptions {
  /** Whether files that other users may write to are refused (default). What judges and tightens them lets them be. */
  readonly assertMode?: boolean;
}

/**
 * Refuses a store whose files are not this user's alone, or that can be reached by a second name. What is at a path
 * was not always made by us: in a folder that others may write to, another user can put a file there first, and would
 * read all that is written to it. By a second name (a hard link, the mount of the file alone) another process opens the
 * same database with another log, and neither sees what the other one commits.
 *
 * @param path without links
 */
export function assertOwnFiles(path: string, { assertMode = true }: OwnFileOptions = {}): void {
  const mounts = readMountTable();
  for (const file of withCompanions(path)) {
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found === undefined) continue;
    assertRegular(file, found, file === path);
    assertOwner(file, found);
    if (assertMode) assertOthersCannotWrite(file, found);
    assertOneName(file, found.nlink);
    if (hasMountAt(mounts, file)) throw mountedAlone(file);
  }
}

/** The path of a database, and those of the files that SQLite keeps beside it. */
export function withCompanions(path: string): readonly string[] {
  return [path, ...COMPANIONS.map((suffix) => path + suffix)];
}

/**
 * Refuses a name that SQLite gives to a file of another database, whether that one is there or not.
 *
 * @throws `STORE_UNSUITABLE`
 */
export function assertNoCompanion(path: string): void {
  if (!isCompanionName(path)) return;
  const name = basename(path);
  throw new OrchestratorError(
    'STORE_UNSUITABLE',
    `${name} is the name that SQLite gives to a file of ${nameWithoutCompanion(name)}: SQLite may delete it.`,
    {
      hint:
        `Use a name that does not end in ${COMPANIONS.join(', ')}. To keep a store of such a name, stop its ` +
        'programs, and rename it together with the files beside it ' +
        `(${COMPANIONS.map((suffix) => name + suffix).join(', ')}): they can hold what was committed last.`,
    },
  );
}

function assertRegular(file: string, found: Stats, isDatabase: boolean): void {
  if (found.isFile()) return;
  if (isDatabase) throw new OrchestratorError('STORE_NOT_A_DATABASE', `${file} is not a file.`);
  throw new OrchestratorError('STORE_FOREIGN', `${file} is not a file. SQLite did not make it.`);
}

/** @throws `STORE_SECOND_NAME` */
export function assertOneName(file: string, links: number): void {
  if (links <= 1) return;
  const others = otherNamesOf(file);
  const where = others.length > 0 ? `: ${others.join(', ')}` : ' in another folder';
  throw new OrchestratorError(
    'STORE_SECOND_NAME',
    `${file} has ${links} names (hard links)${where}. By each name, processes would keep a log of their own.`,
    others.length === links - 1 && others.every((other) => isLeftByBackup(other, file))
      ? {
          hint:
            'A backup gave the file its name, and has not removed the other one. If no backup to this file runs any ' +
            `more, stop what uses the other name, and remove it: ${others.join(', ')}`,
        }
      : {},
  );
}

/**
 * A backup has another name until it is complete. One that was killed right after it gave the file its final name left
 * both. With a log beside it, a process has opened the file by that name: removing it would lose that log.
 */
function isLeftByBackup(name: string, file: string): boolean {
  return isPartialOfOthers(name, file) && !COMPANIONS.some((suffix) => existsSync(name + suffix));
}

function mountedAlone(file: string): OrchestratorError {
  return new OrchestratorError(
    'STORE_SECOND_NAME',
    `${file} is mounted alone, without its folder. Processes that open the file at its own place keep another log.`,
    { hint: 'Mount the folder of the store instead of the file.' },
  );
}

function otherNamesOf(file: string): string[] {
  const { dev, ino } = statSync(file);
  const folder = dirname(file);
  try {
    return readdirSync(folder)
      .filter((name) => name !== basename(file))
      .map((name) => join(folder, name))
      .filter((path) => {
        const found = lstatSync(path, { throwIfNoEntry: false });
        return found?.dev === dev && found.ino === ino;
      });
  } catch {
    return [];
  }
}

/** Whether a file with this owner is the user's of this process. Windows does not tell. */
export function isMine(owner: number): boolean {
  return process.geteuid === undefined || process.geteuid() === owner;
}

function assertOwner(file: string, { uid }: Stats): void {
  const user = process.geteuid?.() ?? uid;
  if (isMine(uid) || mayStandIn(user, file, uid)) return;
  throw new OrchestratorError(
    'STORE_FOREIGN',
    `${file} belongs to ${userName(uid)}, and this process runs as ${userName(user)}.`,
  );
}

/** Root may look after the store of a user in a folder of that user: there no other user can have put the file. */
function mayStandIn(user: number, file: string, owner: number): boolean {
  return user === 0 && statSync(dirname(file)).uid === owner;
}

function assertOthersCannotWrite(file: string, { mode, uid }: Stats): void {
  // Windows has no such modes.
  if (process.geteuid === undefined || (mode & OTHERS_WRITE) === 0) return;
  throw new OrchestratorError(
    'STORE_FOREIGN',
    `Other users than ${userName(uid)} may write to ${file} (mode ${(mode & 0o777).toString(8).padStart(4, '0')}).`,
    { hint: `Run \`orchestrator doctor --fix\`, or \`chmod 600\` for that file.` },
  );
}

/** `alice (uid 1001)`. */
function userName(uid: number): string {
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [, name, id] = PASSWD_LINE.exec(line) ?? [];
      if (Number(id) === uid) return `${name} (uid ${uid})`;
    }
  } catch {
    // The system keeps its users elsewhere.
  }
  return `the user with uid ${uid}`;
}
