import {
  labelOf,
  nameOf,
  referenceTo,
  shellArgument,
  shellWord,
  type Numbered,
  type NumberedKind,
  type OrchestratorReads,
} from '@agent-orchestrator/core';

/** Ids that an answer mentions; null is ignored. */
export interface Mentioned {
  readonly tasks?: readonly (string | null)[];
  readonly sessions?: readonly (string | null)[];
}

/** With more than this the cache is cleared: a process that follows a log for days meets many ids. */
const KNOWN_MAX = 10_000;

/**
 * The short names of the tasks and sessions that an answer mentions by id. An id that was not looked up stays as it is.
 */
export class Names {
  readonly #known: Readonly<Record<NumberedKind, Map<string, Numbered>>> = { task: new Map(), session: new Map() };

  /** Looks up the ids that are not known yet. Numbers never change. */
  async learn(reads: Pick<OrchestratorReads, 'getTask' | 'getSession'>, { tasks = [], sessions = [] }: Mentioned) {
    await Promise.all([
      this.#lookUp('task', tasks, (id) => reads.getTask(id)),
      this.#lookUp('session', sessions, (id) => reads.getSession(id)),
    ]);
    return this;
  }

  /** In a sentence: `t42`, or the id that a person chose. */
  task(id: string): string {
    return this.#tell('task', id, nameOf);
  }

  /** In a sentence: `s17`, or the id that a person chose. */
  session(id: string): string {
    return this.#tell('session', id, nameOf);
  }

  /** In a list: `t42`, with the id that a person chose. */
  taskLabel(id: string): string {
    return this.#tell('task', id, labelOf);
  }

  /** In a list: `s17`, with the id that a person chose. */
  sessionLabel(id: string): string {
    return this.#tell('session', id, labelOf);
  }

  /** In a command: `t42`. */
  taskReference(id: string): string {
    return this.#tell('task', id, referenceTo, shellWord);
  }

  /** In a command: `s17`. */
  sessionReference(id: string): string {
    return this.#tell('session', id, referenceTo, shellWord);
  }

  /** In a command, as an argument that is no option's value. */
  sessionArgument(id: string): string {
    return this.#tell('session', id, referenceTo, shellArgument);
  }

  /** @param unknown what an id becomes that was not looked up */
  #tell(
    kind: NumberedKind,
    id: string,
    tell: (kind: NumberedKind, numbered: Numbered) => string,
    unknown = (text: string) => text,
  ): string {
    const known = this.#known[kind].get(id);
    return known === undefined ? unknown(id) : tell(kind, known);
  }

  async #lookUp(
    kind: NumberedKind,
    ids: readonly (string | null)[],
    find: (id: string) => Promise<Numbered | null>,
  ): Promise<void> {
    const known = this.#known[kind];
    if (known.size > KNOWN_MAX) known.clear();
    const unknown = new Set(ids.filter((id) => id !== null && !known.has(id)));
    await Promise.all(
      [...unknown].map(async (id) => {
        const found = id === null ? null : await find(id);
        if (found !== null) known.set(found.id, found);
      }),
    );
  }
}
