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
   * Checks that the path still names this file. If not, writes to the old file would be lost, and reads from it would
   * be outdated.
   *
   * @throws `STORE_REPLACED`
   */
  assertInPlace(): void {
    this.#replaced ||= identityOf(this.path) !== this.#identity;
    if (this.#replaced)
      throw new OrchestratorError('STORE_REPLACED', `${this.path} was moved or replaced while it was open.`);
  }
}
