import { closeSync, constants, fdatasync, fsyncSync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';

/** What a journal asks of the disk. Every method throws what the system says. */
export interface JournalDisk {
  /** Writes data from an offset on. @returns how many bytes the system took */
  write(file: number, data: Buffer, from: number): number;
  /** Waits until the data of a file is on the disk. */
  syncData(file: number): Promise<void>;
  /** Waits until a new file is on the disk: its data, and what the system knows of it. */
  syncFile(file: number): void;
  /** Waits until the names in a folder are on the disk. */
  syncFolder(folder: string): void;
}

export const systemDisk: JournalDisk = {
  write: (file, data, from) => writeSync(file, data, from),
  syncData: promisify(fdatasync),
  syncFile: fsyncSync,

  syncFolder(folder) {
    // Windows opens no folders.
    if (process.platform === 'win32') return;
    const descriptor = openSync(folder, constants.O_RDONLY);
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  },
};
