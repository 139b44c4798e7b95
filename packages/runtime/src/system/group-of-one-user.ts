import { readFileSync } from 'node:fs';

/**
 * Whether a group has one user only. Debian and others give each user such a group, named like the user, and the umask
 * 002: a file that the group may write is then a file that the user may write.
 *
 * @param user the uid of the one user
 */
export function isGroupOfOneUser(group: number, user: number): boolean {
  try {
    const users = linesOf('/etc/passwd');
    const name = users.find(([, , uid]) => Number(uid) === user)?.[0];
    const [groupName, , , members = ''] = linesOf('/etc/group').find(([, , gid]) => Number(gid) === group) ?? [];
    // Others can have it as their first group without being named as members.
    const others = users.filter(([, , uid, gid]) => Number(gid) === group && Number(uid) !== user);
    return name !== undefined && groupName === name && others.length === 0 && (members === '' || members === name);
  } catch {
    // The system keeps its users elsewhere.
    return false;
  }
}

function linesOf(file: string): readonly string[][] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(':'));
}
