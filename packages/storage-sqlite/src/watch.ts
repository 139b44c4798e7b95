import { watch as watchFolder, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';

/** The safety net looks this often after a change was seen or announced … */
const LOOK_MS_MIN = 1;
/** … this often when the folder was quiet for a while, and ever more seldom, down to … */
const QUIET_MS = 25;
/** … so often. */
const LOOK_MS_MAX = 250;

/**
 * Reports when the file has changed. The watcher of the folder reports a write to the log before the commit counts, or
 * nothing at all (containers, some file systems). So SQLite's own count of commits decides; it is read at once, soon
 * after, and at intervals.
 */
export class ChangeWatcher {
  readonly #path: string;
  readonly #dataVersion: () => number | null;
  readonly #listeners = new Set<() => void>();
  #folder: FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;
  #waitMs = QUIET_MS;
  #seen: number | null = null;

  constructor(path: string, dataVersion: () => number | null) {
    this.#path = path;
    this.#dataVersion = dataVersion;
  }

  /** @returns stops */
  add(onChange: () => void): () => Promise<void> {
    const listener = () => onChange();
    if (this.#listeners.size === 0) this.#start();
    this.#listeners.add(listener);
    return async () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  /** Looks now: this process has committed, or another one has written. */
  announce(): void {
    if (this.#listeners.size === 0) return;
    this.#waitMs = LOOK_MS_MIN;
    this.#look();
  }

  close(): void {
    this.#listeners.clear();
    this.#stop();
  }

  #start(): void {
    this.#seen = this.#dataVersion();
    this.#waitMs = QUIET_MS;
    this.#lookLater();
    try {
      this.#folder = watchFolder(dirname(this.#path), (_, file) => {
        if (file === null || file.startsWith(basename(this.#path))) this.announce();
      });
      this.#folder.on('error', () => this.#folder?.close());
    } catch {
      // No watcher is available (a limit, a file system without one): the timer sees every change too, only later.
      this.#folder = null;
    }
  }

  #stop(): void {
    this.#folder?.close();
    this.#folder = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    if (this.#changed()) {
      this.#waitMs = QUIET_MS;
      for (const listener of this.#listeners) listener();
    } else this.#waitMs = Math.min(this.#waitMs * 2, LOOK_MS_MAX);
    if (this.#listeners.size > 0) this.#lookLater();
  }

  #lookLater(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), this.#waitMs);
  }

  /** A file that cannot be read counts as changed: the next read of the caller throws the reason. */
  #changed(): boolean {
    try {
      const version = this.#dataVersion();
      if (version === null || version === this.#seen) return false;
      this.#seen = version;
      return true;
    } catch {
      return true;
    }
  }
}
