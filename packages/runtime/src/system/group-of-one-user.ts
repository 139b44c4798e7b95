import { readFileSync } from 'node:fs';

/** The texts of `/etc/passwd` and `/etc/group`. */
export interface UserFiles {
  readonly passwd: string;
  readonly group: string;
}

/**
 * Whether a group has one user only. Debian and others give each user such a group, named like the user, and the umask
 * 002: a file that the group may write is then a file that the user may write.
 *
 * @param user the uid of the one user
 */
export function isGroupOfOneUser(group: number, user: number, files: UserFiles | null = userFiles()): boolean {
  if (files === null) return false;
  const users = linesOf(files.passwd);
  const name = users.find(([, , uid]) => Number(uid) === user)?.[0];
  const [groupName, , , members = ''] = linesOf(files.group).find(([, , gid]) => Number(gid) === group) ?? [];
  // Others can have it as their first group without being named as members.
  const others = users.filter(([, , uid, gid]) => Number(gid) === group && Number(uid) !== user);
  return name !== undefined && groupName === name && others.length === 0 && (members === '' || members === name);
}

/** null: the system keeps its users elsewhere. */
function userFiles(): UserFiles | null {
  try {
    return { passwd: readFileSync('/etc/passwd', 'utf8'), group: readFileSync('/etc/group', 'utf8') };
  } catch {
    return null;
  }
}

function linesOf(file: string): readonly string[][] {
  return file
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'));
}
