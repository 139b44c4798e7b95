import {
  NO_CLOCK,
  Orchestrator,
  type Clock,
  type EventRecord,
  type RowReader,
  type SessionRecord,
  type TaskRecord,
} from '@agent-orchestrator/core';
import { commandIdAt } from '@agent-orchestrator/storage-conformance';
import { openSqliteRows, openSqliteStorage } from '@agent-orchestrator/storage-sqlite';
import { expect } from 'vitest';
import { copyRows } from '../../storage-conformance/src/rows/copy.ts';
import { newSeed } from '../../storage-sqlite/test/new-seed.ts';
import { newPath } from '../../storage-sqlite/test/temporary-store.ts';
import { judge, WHOLE } from '../../storage-sqlite/test/whole.ts';
import { openLegacyDatabase, type LegacyReport } from '../src/index.ts';
import { NOW, oldFile, type OldRowsByTable } from './old-files.ts';

/** A clock that stands still at the time of the import, or so many seconds after it. */
export function clockAt(seconds = 0): Clock {
  return {
    read: () => ({ wall: NOW + seconds * 1_000, steady: 1_000_000 + seconds * 1_000, uptime: 1_000_000, boot: 'boot' }),
  };
}

/** A store that an old database became. */
export interface Imported extends LegacyReport {
  /** Of the new store. */
  readonly path: string;
  readonly digest: string;
}

/** What an import would do. */
export async function plan(file: string): Promise<LegacyReport> {
  using old = await openLegacyDatabase(file, { at: NOW });
  return old.report;
}

/**
 * Imports into a new file, whose schema refuses what the rules would never do, and asks `verify`, the database and the
 * checker whether all is well.
 */
export async function imported(file: string): Promise<Imported> {
  using old = await openLegacyDatabase(file, { at: NOW });
  const path = newPath();
  await fill(path, old);
  expect((await judge(path)).whole).toEqual(WHOLE);
  return { ...old.report, path, digest: old.digest };
}

async function fill(path: string, old: RowReader): Promise<void> {
  const storage = await openSqliteStorage({ path });
  await storage.migrate();
  await storage.close();
  await using rows = await openSqliteRows({ path });
  const state = { status: 'filling', id: 'import', address: 'old', at: NOW } as const;
  await rows.changeStoreState(null, state);
  await copyRows(old, rows, state);
  await rows.continueFrom(state, { clock: NO_CLOCK, lastEventId: await old.lastEventId() });
  await rows.changeStoreState(state, null);
}

/** A look into the new store, by a process that comes after the import. */
export async function withStore<R>(
  { path }: Pick<Imported, 'path'>,
  use: (orchestrator: Orchestrator) => Promise<R>,
  clock = clockAt(),
): Promise<R> {
  const storage = await openSqliteStorage({ path, clock });
  await using orchestrator = new Orchestrator({ storage, newCommandId: () => newCommandIdAt(clock), newSeed });
  return await use(orchestrator);
}

let commands = 0;

/** A UUIDv7 of the clock's time. */
export function newCommandIdAt(clock: Clock): string {
  commands += 1;
  return commandIdAt(clock.read().wall, commands);
}

export interface Contents {
  readonly sessions: readonly Omit<SessionRecord, 'headTaskId'>[];
  readonly tasks: readonly TaskRecord[];
  readonly events: readonly EventRecord[];
}

export async function contentsOf(store: Pick<Imported, 'path'>, namespace?: string): Promise<Contents> {
  const page = { limit: 500, ...(namespace !== undefined && { namespace }) };
  return withStore(store, async (orchestrator) => ({
    sessions: (await orchestrator.listSessions(page)).items,
    tasks: (await orchestrator.listTasks(page)).items,
    events: (await orchestrator.listEvents(page)).items,
  }));
}

/** Imports a file of the last generation with these rows, and looks. */
export async function after(rows: OldRowsByTable): Promise<Contents & Imported> {
  const store = await imported(oldFile([4], rows));
  return { ...(await contentsOf(store)), ...store };
}
