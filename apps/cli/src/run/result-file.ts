import { randomUUID } from 'node:crypto';
import { access, constants, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Failure } from '../failure.ts';

/** Where a run leaves what came of it: whole, or not at all, and for its owner alone to read. */
export class ResultFile {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Looks before anything is done whether it will be possible to write it.
   *
   * @throws `OUTPUT`, exit 73
   */
  static async at(file: string): Promise<ResultFile> {
    const path = resolve(file);
    try {
      await access(dirname(path), constants.W_OK | constants.X_OK);
      await refuseWhatIsNoFile(path);
    } catch (error) {
      throw new Failure('OUTPUT', `The result file ${file} cannot be written: ${(error as Error).message}`, {
        exit: 73,
        hint: 'Name a regular file, or none yet, in a folder that can be written; nothing was claimed.',
        field: 'resultFile',
        cause: error,
      });
    }
    return new ResultFile(path);
  }

  /**
   * Replaces what was there, in one step.
   *
   * @throws `OUTPUT`
   */
  async write(text: string): Promise<void> {
    const unfinished = `${this.#path}.${randomUUID()}.tmp`;
    try {
      // What stands there may have changed while the command ran.
      await refuseWhatIsNoFile(this.#path);
      await writeNew(unfinished, text);
      await rename(unfinished, this.#path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw new Failure('OUTPUT', `The result file could not be written: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

/** Nothing that is there already, least of all what a symbolic link names. */
async function writeNew(path: string, text: string): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(text);
  await file.sync();
}

/** Something else would be gone for good: a device, a pipe that somebody reads, a symbolic link. */
async function refuseWhatIsNoFile(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found !== null && !found.isFile()) throw new Error('it is there, and no regular file');
}
