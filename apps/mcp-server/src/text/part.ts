/* An answer shows several tasks. Each of them is a part, which knows whether something of it was cut. */
import type { TaskRecord } from '@agent-orchestrator/core';
import { numberOf, shellWord } from '@agent-orchestrator/runtime';

export interface Part {
  readonly lines: readonly string[];
  /** The commands that show all of it; empty: nothing was cut. */
  readonly whole: readonly string[];
}

export type RecordKind = 'task' | 'session';

/** What `quoted` says behind a text that it has cut. */
const CUT = /" \(cut, \d+ bytes in all\)$/u;

/**
 * @param kinds which records of the task the lines are from
 * @param isCut lines were left out
 */
export function partOf(task: TaskRecord, lines: readonly string[], kinds: readonly RecordKind[], isCut = false): Part {
  if (!isCut && !lines.some((line) => CUT.test(line))) return { lines, whole: [] };
  const name = shellWord(numberOf('task', task));
  return { lines, whole: kinds.map((kind) => `orchestrator ${kind} show ${name} --json`) };
}

/** How many bytes several parts may have together. */
export class Budget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Whether lines fit; then they are counted. */
  takes(...lines: readonly string[]): boolean {
    const bytes = Buffer.byteLength(lines.join('\n')) + 1;
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}
