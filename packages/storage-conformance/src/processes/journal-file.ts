import { closeSync, fdatasyncSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseJournal, type Journal, type JournalLine } from '@agent-orchestrator/core/journal';

/** A journal on the disk: a line is safe when `write` returns. */
export class JournalFile {
  readonly #file: number;

  constructor(folder: string, agent: string, run: number) {
    this.#file = openSync(join(folder, fileName(agent, run)), 'ax', 0o600);
  }

  write(line: JournalLine): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
    // Not fsync: only the data counts, and a test that lets the syncs of a database fail must not hit the journal.
    fdatasyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** The journals of an agent's runs before this one, oldest first. */
export function journalsBefore(folder: string, agent: string, run: number): Journal[] {
  return Array.from({ length: run - 1 }, (_, at) => readJournal(join(folder, fileName(agent, at + 1))));
}

/** Every journal in a folder. */
export function allJournals(folder: string): Journal[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return names.map((name) => readJournal(join(folder, name)));
}

function readJournal(path: string): Journal {
  try {
    return parseJournal(readFileSync(path, 'utf8'));
  } catch (error) {
    // A run that was killed before it could open its journal did nothing.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function fileName(agent: string, run: number): string {
  return `${agent}.${run}.jsonl`;
}
