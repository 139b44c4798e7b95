import { OrchestratorError } from '@agent-orchestrator/core';
import { identityOf } from './store-file.ts';

/** The file that was opened, however its path is used afterwards. */
export class OpenFile {
  readonly path: string;
  readonly #identity: string;
  #replaced = false;

  constructor(path: string) {
    this.path = path;
    this.#identity = identityOf(path) ?? '';
  }

  /**
   * Once the path names another file it stays so: what was written to the old one would be lost, and what is read from
   * it is over.
   *
   * @throws `STORE_REPLACED`
   */
  assertInPlace(): void {
    this.#replaced ||= identityOf(this.path) !== this.#identity;
    if (this.#replaced)
      throw new OrchestratorError('STORE_REPLACED', `${this.path} was moved or replaced while it was open.`);
  }
}
