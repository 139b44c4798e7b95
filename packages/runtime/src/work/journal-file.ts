import { closeSync, fstatSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { makePrivateFolder } from '../system/private-folder.ts';
import { systemDisk, type JournalDisk } from './journal-disk.ts';

/**
 * One file of a journal: only this process writes it, and only at its end. Every method throws what the system says.
 */
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
   * Creates a file that only this user can read, with its folder, and begins it with a text: whole, or no file is left.
   * It is on the disk when this returns.
   */
  static create(path: string, text: string, disk = systemDisk): JournalFile {
    const folder = dirname(path);
    const made = makePrivateFolder(folder);
    const file = new JournalFile(path, openSync(path, 'ax', 0o600), disk);
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

  /** How much was appended. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether more can be appended: not after a failure, which closes it, nor to a file that was removed meanwhile. */
  get isUsable(): boolean {
    return !this.#closed && fstatSync(this.#file).nlink > 0;
  }

  /** Appends a text. It survives the end of this process, and after `flush` the end of the machine. */
  append(text: string): void {
    const data = Buffer.from(text);
    try {
      for (let written = 0; written < data.length;) written += this.#disk.write(this.#file, data, written);
    } catch (error) {
      // A line may have been cut off. Nothing may be appended to it: only the last line of a journal may be cut off.
      this.close();
      throw error;
    }
    this.#bytes += data.length;
  }

  /** Waits until all that was appended is on the disk. Those who wait at the same time share one flush. */
  flush(): Promise<void> {
    this.#nextFlush ??= this.#flushAfter(this.#flushing);
    return this.#nextFlush;
  }

  async #flushAfter(before: Promise<void> | null): Promise<void> {
    // If that one fails, so does this: the system may have dropped what it could not write, and a flush that succeeds
    // afterwards proves nothing.
    await before;
    // What is appended from here on may come too late for this flush.
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
