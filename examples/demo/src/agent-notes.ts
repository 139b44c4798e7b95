import { readFileSync, renameSync, writeFileSync } from 'node:fs';

/** What an agent was about to do under a lease. */
export interface Intention {
  readonly sessionId: string;
  readonly token: string;
  readonly file: string;
  readonly position: number;
}

/** An agent's own notes, which outlive its process: what it believes that it does. The store need not agree. */
export class AgentNotes {
  readonly #path: string;
  readonly #intentions = new Map<string, Intention>();

  constructor(path: string) {
    this.#path = path;
  }

  /** What an earlier run left. */
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
    // An agent that is killed while it writes must leave its last notes whole.
    writeFileSync(`${this.#path}.new`, JSON.stringify([...this.#intentions.values()]));
    renameSync(`${this.#path}.new`, this.#path);
  }

  forget(sessionId: string): void {
    this.#intentions.delete(sessionId);
  }
}
