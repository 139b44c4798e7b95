import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** What an agent was about to do under a lease. */
export interface Intention {
  readonly sessionId: string;
  readonly token: string;
  readonly file: string;
  readonly position: number;
}

/** An agent's own notes, which outlive its process: what it was doing. The store may have another state. */
export class AgentNotes {
  readonly #path: string;
  readonly #intentions = new Map<string, Intention>();

  constructor(path: string) {
    this.#path = path;
  }

  /** The notes of an earlier run. */
  static read(path: string): Intention[] {
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Intention[];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  write(intention: Intention): void {
    this.#intentions.set(intention.sessionId, intention);
    // If the agent is killed while it writes, its last notes must stay complete.
    writeFileSync(`${this.#path}.new`, JSON.stringify([...this.#intentions.values()]));
    renameSync(`${this.#path}.new`, this.#path);
  }

  forget(sessionId: string): void {
    this.#intentions.delete(sessionId);
  }
}
