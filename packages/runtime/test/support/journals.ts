import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseJournal, type Journal } from '@agent-orchestrator/core/journal';
import { onTestFinished } from 'vitest';

/** A folder that goes with the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'journals-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The names of the journals in a folder, oldest first. */
export function journalNames(folder: string): string[] {
  return readdirSync(folder).toSorted();
}

/** Each journal in a folder, oldest first. */
export function journalsIn(folder: string): Journal[] {
  return journalNames(folder).map((name) => parseJournal(readFileSync(join(folder, name), 'utf8'), name));
}

/** All that the journals in a folder say. */
export function textIn(folder: string): string {
  return journalNames(folder)
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('');
}

/** Puts a file in the place of a folder. Until `end` removes it, no journal in that folder can be written. */
export function blockFolder(folder: string): { readonly end: () => void } {
  if (existsSync(folder)) rmSync(folder, { recursive: true });
  writeFileSync(folder, '');
  return { end: () => rmSync(folder) };
}
