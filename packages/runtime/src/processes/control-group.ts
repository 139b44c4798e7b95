import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readText } from './process-table.ts';

const PREFIX = 'orchestrator-';
/** Where a group of a dead run is looked for, this many folders are looked at. */
const FOLDERS_MAX = 20_000;
/** The group of a killed run shows what is alive of it. After this time its lease is over in any case. */
const KEPT_MS = 86_400_000;
/** How long processes have to be frozen: one that waits for a disk is late. */
const FROZEN_WITHIN_MS = 50;

/**
 * A cgroup (version 2) for all that one holder starts. A process joins it before it becomes the command, and all that
 * it starts is in it, too, in whatever session, and whatever its environment says. It is a way to reach all of it at
 * once. It proves no end: a process of the same user can put itself into another group.
 */
export class ControlGroup {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Makes one inside the group of this process.
   *
   * @returns null where none can be made: version 1, not delegated to this user, not writable; or if there is one, in
   * which another command of the same holder works
   */
  static make(tag: string): ControlGroup | null {
    const own = ownGroup();
    if (own === null) return null;
    removeOldGroups(own);
    const path = join(own, PREFIX + tag);
    removeGroup(path);
    try {
      mkdirSync(path);
      return new ControlGroup(path);
    } catch {
      return null;
    }
  }

  /** Finds the group of another process, wherever that had made it. */
  static find(tag: string): ControlGroup | null {
    const root = mountOf()?.folder;
    if (root === undefined) return null;
    const left = [root];
    for (let looked = 0; left.length > 0 && looked < FOLDERS_MAX; looked += 1) {
      const folder = left.pop() ?? root;
      for (const name of foldersIn(folder)) {
        if (name === PREFIX + tag && isOwn(join(folder, name))) return new ControlGroup(join(folder, name));
        left.push(join(folder, name));
      }
    }
    return null;
  }

  /** The file that a process writes 0 into to join. */
  get joinFile(): string {
    return join(this.path, 'cgroup.procs');
  }

  /** Whether a process is left in it, or in a group within it; null: it cannot be read. */
  get isPopulated(): boolean | null {
    const [, populated] = /^populated ([01])$/mu.exec(readText(join(this.path, 'cgroup.events')) ?? '') ?? [];
    return populated === undefined ? null : populated === '1';
  }

  /** The pids of its processes, with those of the groups within it. */
  members(): readonly number[] {
    return membersIn(this.path);
  }

  /** Kills all of it at once. Kernels before 5.14 cannot. */
  kill(): void {
    // Else the caller kills its members one by one.
    this.#write('cgroup.kill', '1');
  }

  /** Lets nothing in it run until `thaw`, and waits until that is so, but not for long. Kernels before 5.2 cannot. */
  freeze(): void {
    if (!this.#write('cgroup.freeze', '1')) return;
    const giveUpAt = performance.now() + FROZEN_WITHIN_MS;
    while (performance.now() < giveUpAt && !/^frozen 1$/mu.test(readText(join(this.path, 'cgroup.events')) ?? ''));
  }

  thaw(): void {
    this.#write('cgroup.freeze', '0');
  }

  /** @returns whether the kernel took it */
  #write(file: string, text: string): boolean {
    try {
      writeFileSync(join(this.path, file), text, { flag: 'r+' });
      return true;
    } catch {
      return false;
    }
  }

  /** Removes it, unless a process is left in it. */
  remove(): void {
    removeGroup(this.path);
  }
}

/** Whether a process says that it is in the group with this tag, or in one within it. */
export function isInGroupOf(pid: number, tag: string): boolean {
  const parts = groupPathOf(pid)?.split('/') ?? [];
  const at = parts.indexOf(PREFIX + tag);
  if (at === -1) return false;
  const folder = folderOf(parts.slice(0, at + 1).join('/'));
  return folder === null || !existsSync(folder) || isOwn(folder);
}

/** Whether this process may make a group for what it starts. Only looks. */
export function mayMakeGroup(): boolean {
  const own = ownGroup();
  try {
    for (const path of own === null ? [] : [own, join(own, 'cgroup.procs')]) accessSync(path, constants.W_OK);
    return own !== null;
  } catch {
    return false;
  }
}

/** A group that another user made shows nothing. */
function isOwn(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.uid === process.geteuid?.();
}

/** The folder of this process's own group. */
function ownGroup(): string | null {
  const path = groupPathOf('self');
  const folder = path === undefined ? null : folderOf(path);
  return folder !== null && existsSync(join(folder, 'cgroup.procs')) ? folder : null;
}

/** The group of a process, as the kernel names it; undefined: it has none, or is not to be seen. */
function groupPathOf(pid: number | 'self'): string | undefined {
  return /^0::(\/.*)$/mu.exec(readText(`/proc/${pid}/cgroup`) ?? '')?.[1];
}

/** Where a group is to be found, if it is to be seen here; null: none is. */
function folderOf(path: string): string | null {
  const mount = mountOf();
  if (mount === null) return null;
  return join(mount.folder, path.startsWith(mount.root) ? path.slice(mount.root.length) : path);
}

/** Where the tree of version 2 is mounted, and which part of it. */
function mountOf(): { readonly root: string; readonly folder: string } | null {
  for (const line of (readText('/proc/self/mountinfo') ?? '').split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, folder] = before.split(' ');
    if (after.startsWith('cgroup2 ') && root !== undefined && folder !== undefined)
      return { root: root === '/' ? '' : unescaped(root), folder: unescaped(folder) };
  }
  return null;
}

/** The kernel writes blanks and the like as octal numbers. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));
}

function membersIn(folder: string): number[] {
  const own = (readText(join(folder, 'cgroup.procs')) ?? '').split('\n').map(Number);
  // 0: a process that this view of the processes does not show.
  return [...own.filter((pid) => pid > 0), ...foldersIn(folder).flatMap((name) => membersIn(join(folder, name)))];
}

function foldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Groups that were left because a process still worked in them, or because their run was killed. */
function removeOldGroups(own: string): void {
  for (const name of foldersIn(own).filter((one) => one.startsWith(PREFIX))) {
    const folder = join(own, name);
    const { mtimeMs } = statSync(folder, { throwIfNoEntry: false }) ?? {};
    if (mtimeMs !== undefined && Date.now() - mtimeMs > KEPT_MS) removeGroup(folder);
  }
}

/** The kernel refuses it while a process is in it. */
function removeGroup(folder: string): void {
  for (const name of foldersIn(folder)) removeGroup(join(folder, name));
  try {
    rmdirSync(folder);
  } catch {
    // A later run removes it.
  }
}
