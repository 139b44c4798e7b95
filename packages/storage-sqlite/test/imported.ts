import {
  Orchestrator,
  type Clock,
  type EventRecord,
  type SessionRecord,
  type TaskRecord,
} from '@agent-orchestrator/core';
import { newCommandId } from '@agent-orchestrator/storage-conformance';
import { expect } from 'vitest';
import { importLegacy, openSqliteStorage, type LegacyImportResult } from '../src/index.ts';
import { newSeed } from './new-seed.ts';
import { NOW, oldFile, type OldRowsByTable } from './old-files.ts';
import { judge, WHOLE } from './whole.ts';

/** A clock that stands still at the time of the import, or so many seconds after it. */
export function clockAt(seconds = 0): Clock {
  return {
    read: () => ({ wall: NOW + seconds * 1_000, steady: 1_000_000 + seconds * 1_000, uptime: 1_000_000, boot: 'boot' }),
  };
}

export type Imported = Extract<LegacyImportResult, { outcome: 'imported' }>;
type Planned = Extract<LegacyImportResult, { outcome: 'planned' }>;

export async function plan(path: string): Promise<Planned> {
  const result = await importLegacy({ path, apply: false, clock: clockAt() });
  if (result.outcome !== 'planned') throw new Error(`the outcome was ${result.outcome}`);
  return result;
}

/** Imports, and asks verify(), SQLite and the checker whether all is well. */
export async function imported(path: string): Promise<Imported> {
  const result = await importLegacy({ path, apply: true, clock: clockAt() });
  if (result.outcome !== 'imported') throw new Error(`the outcome was ${result.outcome}`);
  expect((await judge(path)).whole).toEqual(WHOLE);
  return result;
}

/** A look into the store, by whoever comes after the import. */
export async function withStore<R>(
  path: string,
  use: (orchestrator: Orchestrator) => Promise<R>,
  clock = clockAt(),
): Promise<R> {
  const storage = await openSqliteStorage({ path, clock });
  await using orchestrator = new Orchestrator({ storage, newCommandId: () => commandIdAt(clock), newSeed });
  await storage.migrate();
  return await use(orchestrator);
}

/** A UUIDv7 of the clock's time. */
export function commandIdAt(clock: Clock): string {
  const time = clock.read().wall.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${newCommandId().slice(13)}`;
}

export interface Contents {
  readonly sessions: readonly Omit<SessionRecord, 'headTaskId'>[];
  readonly tasks: readonly TaskRecord[];
  readonly events: readonly EventRecord[];
}

export async function contentsOf(path: string): Promise<Contents> {
  return withStore(path, async (orchestrator) => ({
    sessions: (await orchestrator.listSessions({ limit: 500 })).items,
    tasks: (await orchestrator.listTasks({ limit: 500 })).items,
    events: (await orchestrator.listEvents({ limit: 500 })).items,
  }));
}

/** Imports a file of the last generation with these rows, and looks. */
export async function after(rows: OldRowsByTable): Promise<Contents & Pick<Imported, 'came' | 'changes'>> {
  const path = oldFile([4], rows);
  const { came, changes } = await imported(path);
  return { ...(await contentsOf(path)), came, changes };
}
