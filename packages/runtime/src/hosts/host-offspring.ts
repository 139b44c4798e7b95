import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { AGENT_HOSTS, isProgramOf, traitsOf } from '../processes/agent-hosts.ts';
import { ancestorsOf } from '../processes/ancestors.ts';
import { isHostAlive, registeredHost, type RegisteredHost } from '../processes/host-registry.ts';
import { isKeeper } from '../processes/keeper-sight.ts';
import { ownProcess } from '../processes/own-process.ts';
import {
  livingProcesses,
  programOf,
  readProcess,
  readText,
  withDescendants,
  type ProcessEntry,
} from '../processes/process-table.ts';
import { makePrivateFolder, writePrivateFile } from '../system/private-files.ts';

const OURS = 'ours';
/** The program of a hook; the host and the event are its words. */
const HOOK_FILE = 'hook.js';

/** This process serves the host, and ends with it: that it lives for a moment longer says nothing about the work. */
export function noteServer({ folder }: Pick<RegisteredHost, 'folder'>): void {
  const own = ownProcess();
  if (own === null) return;
  const path = join(folder, OURS, `${own.pid}-${own.start}`);
  if (existsSync(path)) return;
  makePrivateFolder(join(folder, OURS));
  writePrivateFile(path, '');
}

/** A process, without arguments: they may hold secrets. */
export interface SeenProcess {
  readonly pid: number;
  readonly program: string;
}

/**
 * What a host started, as far as it is seen: its descendants at the last looks while it lived, what they started, and
 * what has a variable of the host in its environment. A process that left all three unseen is not found.
 */
export class HostOffspring {
  readonly #host: RegisteredHost;
  /** The start of each process that was seen, by its pid. */
  #seen = new Map<number, string>();

  /** The start of each process above the host while it lived, by its pid. */
  #above = new Map<number, string>();

  constructor(host: RegisteredHost) {
    this.#host = host;
  }

  /** Looks at the descendants of the host while it lives. What was seen before may be an orphan: it is kept. */
  look(): void {
    const next = new Map([...this.#seen].filter(([pid, start]) => isHostAlive({ pid, start })));
    const found = [this.#host.process.pid];
    for (const parent of found)
      for (const pid of childrenOfThreads(parent)) {
        const entry = next.has(pid) || pid === process.pid ? null : readProcess(pid);
        if (entry !== null) next.set(pid, entry.start);
        if (pid !== process.pid) found.push(pid);
      }
    this.#seen = next;
    for (const { pid, start } of ancestorsOf(this.#host.process.pid)) this.#above.set(pid, start);
  }

  /** What is alive after the host has ended. */
  alive(): readonly SeenProcess[] {
    const entries = livingProcesses();
    const byPid = new Map(entries.map((entry) => [entry.pid, entry]));
    const isSeen = ({ pid, start }: ProcessEntry) => this.#seen.get(pid) === start;
    const found = withDescendants(entries, (entry) => isSeen(entry) || this.#isMarked(entry, byPid));
    return found
      .filter((entry) => entry.pid !== process.pid && !this.#isOurs(entry) && !isKeeper(entry) && !isHook(entry))
      .map((entry) => ({ pid: entry.pid, program: programOf(entry) }));
  }

  #isOurs({ pid, start }: ProcessEntry): boolean {
    return existsSync(join(this.#host.folder, OURS, `${pid}-${start}`));
  }

  /**
   * Started by a host of this kind, and no such host that lives is above it: one that is registered, or one that is not
   * yet, or with another folder of state, and is known by its program.
   */
  #isMarked(entry: ProcessEntry, all: ReadonlyMap<number, ProcessEntry>): boolean {
    if (Number(entry.start) < Number(this.#host.process.start)) return false;
    const variables = environmentOf(entry.pid);
    const marks = traitsOf(this.#host.name)?.marks ?? [];
    if (!marks.some((mark) => variables.some((one) => one.startsWith(`${mark}=`)))) return false;
    for (let above = all.get(entry.parent); above !== undefined; above = all.get(above.parent)) {
      // Such a process can have taken over what the dead host left.
      if (above.pid === 1 || this.#above.get(above.pid) === above.start) continue;
      if (registeredHost(above) !== null || isProgramOf(this.#host.name, { ...above, program: programOf(above) }))
        return false;
    }
    return true;
  }
}

/**
 * Whether it is a hook of ours: it tells what has happened in a host, and works on nothing. Unlike a server, it may not
 * have begun to say so itself.
 */
function isHook({ pid }: ProcessEntry): boolean {
  const words = (readText(`/proc/${pid}/cmdline`) ?? '').split('\0');
  const at = words.findIndex((word) => basename(word) === HOOK_FILE);
  return at !== -1 && Object.hasOwn(AGENT_HOSTS, words[at + 1] ?? '');
}

function childrenOfThreads(pid: number): number[] {
  try {
    const lists = readdirSync(`/proc/${pid}/task`).map((thread) => readText(`/proc/${pid}/task/${thread}/children`));
    return lists.flatMap((list) => list?.match(/\d+/gu) ?? []).map(Number);
  } catch {
    return [];
  }
}

function environmentOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return [];
  }
}
