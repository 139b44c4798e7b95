import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, writeFileSync } from 'node:fs';
import { access, constants, lstat, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pathOfOutput } from '@agent-orchestrator/runtime/path';
import { openPrivateFile } from '@agent-orchestrator/runtime/private-files';
import { Failure } from '../failure.ts';

/** The result file of a run: written atomically, readable only by its owner. */
export class ResultFile {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Checks before the run whether the file can be written.
   *
   * @throws `OUTPUT`, exit 73
   */
  static async at(file: string): Promise<ResultFile> {
    const path = pathOfOutput(file, 'resultFile');
    try {
      await access(dirname(path), constants.W_OK | constants.X_OK);
      await refuseWhatIsNoFile(path);
    } catch (error) {
      throw new Failure('OUTPUT', `The result file ${file} cannot be written: ${(error as Error).message}`, {
        exit: 73,
        hint: 'Name a regular or a new file, in a folder that this user can write; nothing was claimed.',
        field: 'resultFile',
        cause: error,
      });
    }
    return new ResultFile(path);
  }

  /**
   * Replaces the file atomically.
   *
   * @throws `OUTPUT`
   */
  async write(text: string): Promise<void> {
    const unfinished = `${this.#path}.${randomUUID()}.tmp`;
    try {
      // The path may have changed while the command ran.
      await refuseWhatIsNoFile(this.#path);
      writeNew(unfinished, text);
      await rename(unfinished, this.#path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw new Failure('OUTPUT', `The result file could not be written: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

/** Creates a new file; an existing one, or a symbolic link, is an error. */
function writeNew(path: string, text: string): void {
  const file = openPrivateFile(path);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Replacing anything else would destroy it: a device, a pipe, a symbolic link. */
async function refuseWhatIsNoFile(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found !== null && !found.isFile()) throw new Error('it is not a regular file');
}
