import type { Json } from './json.ts';

/** What the next holder of a session needs to continue the work. Saved by `checkpoint`, given back by `claimTask`. */
export interface Context {
  /** Grows with each checkpoint. */
  readonly turn: number;
  readonly lastAction: string | null;
  readonly nextAction: string | null;
  /** Where the agent keeps the rest: a file, a commit, a URL. */
  readonly memoryRef: string | null;
  /** A digest of the agent's own memory, as the agent gave it; otherwise SHA-256 of the other fields. */
  readonly hash: string;
  readonly data: Json;
}

/** A context as it is stored in the log and in the session's row. */
export interface StoredContext {
  readonly [key: string]: Json;
  readonly turn: number;
  readonly last_action: string | null;
  readonly next_action: string | null;
  readonly memory_ref: string | null;
  readonly hash: string;
  readonly data: Json;
}

/** Renames the fields of the log to those of the API. */
export function contextFrom(stored: StoredContext): Context {
  return {
    turn: stored.turn,
    lastAction: stored.last_action,
    nextAction: stored.next_action,
    memoryRef: stored.memory_ref,
    hash: stored.hash,
    data: stored.data,
  };
}
