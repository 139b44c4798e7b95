import { access, constants, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Failure } from '../failure.ts';

/** Where a run leaves what came of it: whole, or not at all. */
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
      if (await isFolder(path)) throw new Error('it is a folder');
    } catch (error) {
      throw new Failure('OUTPUT', `The result file ${file} cannot be written: ${(error as Error).message}`, {
        exit: 73,
        hint: 'Name a file in a folder that can be written; nothing was claimed.',
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
    const unfinished = `${this.#path}.${process.pid}.tmp`;
    try {
      await using file = await open(unfinished, 'w');
      await file.writeFile(text);
      await file.sync();
      await rename(unfinished, this.#path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw new Failure('OUTPUT', `The result file could not be written: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
