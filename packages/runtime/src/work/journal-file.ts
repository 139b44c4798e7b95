import { closeSync, fstatSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { makePrivateFolder, openPrivateFile } from '../system/private-files.ts';
import { systemDisk, type JournalDisk } from './journal-disk.ts';

/** One file of a journal: only this process writes it, and only at its end. Methods throw the system's errors. */
export class JournalFile {
  readonly #path: string;
  readonly #file: number;
  readonly #disk: JournalDisk;
  #bytes = 0;
  #closed = false;
  /** The flush under way, and the one that begins when it has ended. */
  #flushing: Promise<void> | null = null;
  #nextFlush: Promise<void> | null = null;

  private constructor(path: string, file: number, disk: JournalDisk) {
    this.#path = path;
    this.#file = file;
    this.#disk = disk;
  }

  /**
   * Creates a file that only this user can read, with its folder and a first text. If that fails, no file is left.
   * It is on the disk when this returns.
   */
  static create(path: string, text: string, disk = systemDisk): JournalFile {
    const folder = dirname(path);
    const made = makePrivateFolder(folder);
    const file = new JournalFile(path, openPrivateFile(path), disk);
    try {
      file.append(text);
      disk.syncFile(file.#file);
      // A new file has its name in its folder, and a new folder has its own in the folder above.
      for (const changed of [folder, ...made.map((one) => dirname(one))]) disk.syncFolder(changed);
      return file;
    } catch (error) {
      file.remove();
      throw error;
    }
  }

  /** How many bytes were appended. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether more can be appended: not after a failure, which closes the file, nor after the file was removed. */
  get isUsable(): boolean {
    return !this.#closed && fstatSync(this.#file).nlink > 0;
  }

  /** Appends a text. It survives a crash of this process, and after `flush` a crash of the machine. */
  append(text: string): void {
    const data = Buffer.from(text);
    try {
      for (let written = 0; written < data.length;) written += this.#disk.write(this.#file, data, written);
    } catch (error) {
      // The line may be incomplete. Nothing may follow it: only the last line of a journal may be incomplete.
      this.close();
      throw error;
    }
    this.#bytes += data.length;
  }

  /** Waits until everything that was appended is on the disk. Callers at the same time share one flush. */
  flush(): Promise<void> {
    this.#nextFlush ??= this.#flushAfter(this.#flushing);
    return this.#nextFlush;
  }

  async #flushAfter(before: Promise<void> | null): Promise<void> {
    // If that flush fails, this one fails, too: the system may have dropped the data, so a later success proves
    // nothing.
    await before;
    // A text that is appended from here on may be too late for this flush.
    this.#flushing = this.#nextFlush;
    this.#nextFlush = null;
    try {
      await this.#disk.syncData(this.#file);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Closes the file, once the flushes have ended. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const last = this.#nextFlush ?? this.#flushing ?? Promise.resolve();
    void last.catch(() => {}).finally(() => closeSync(this.#file));
  }

  /** Closes and removes the file. */
  remove(): void {
    this.close();
    rmSync(this.#path, { force: true });
  }
}
