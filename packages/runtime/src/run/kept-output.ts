import { closeSync, createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { openPrivateFile } from '../system/private-files.ts';
import type { LeaseFiles } from '../processes/lease-files.ts';

/** The output of a command, kept until it is known whether it is shown. */
export class KeptOutput implements Disposable {
  readonly #paths: { readonly stdout: string; readonly stderr: string };
  readonly #stdout: number;
  readonly #stderr: number;

  constructor(files: LeaseFiles) {
    this.#paths = { stdout: files.path('stdout'), stderr: files.path('stderr') };
    this.#stdout = openPrivateFile(this.#paths.stdout);
    this.#stderr = openPrivateFile(this.#paths.stderr);
  }

  get stdio(): ['inherit', number, number] {
    return ['inherit', this.#stdout, this.#stderr];
  }

  /** Shows it on stdout, then on stderr. A reader that is gone is no error. */
  async show(): Promise<void> {
    await pipeline(createReadStream(this.#paths.stdout), process.stdout, { end: false }).catch(() => {});
    await pipeline(createReadStream(this.#paths.stderr), process.stderr, { end: false }).catch(() => {});
  }

  [Symbol.dispose](): void {
    closeSync(this.#stdout);
    closeSync(this.#stderr);
  }
}
