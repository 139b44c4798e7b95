import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import {
  LegacyImport,
  SessionImport,
  OrchestratorError,
  verifyLog,
  type Clock,
  type LegacyBatch,
  type LegacyReport,
} from '@agent-orchestrator/core';
import { retryWhileBusy } from '../busy.ts';
import { openWriter, type Connection } from '../connection.ts';
import { readMigrations, runMigrations, type Migration } from '../migrate.ts';
import { OpenFile } from '../open-file.ts';
import { PreparedReads, SqliteReader, type ReadSource } from '../reader.ts';
import { save } from '../save.ts';
import { prepareStatements } from '../statements.ts';
import { isLegacy, openToLook, schemaVersionOf } from '../store-file.ts';
import { copyFile } from './copy-file.ts';
import { OldRows, type OldSession } from './old-rows.ts';
import {
  assertNamesFree,
  generationOf,
  leaveViews,
  oldColumnsOf,
  renameOldTables,
  type OldTable,
} from './old-tables.ts';

/** What an old file holds, and what comes of it. */
export interface LegacyFindings extends LegacyReport {
  /** 1 to 4; the newest of which the file has anything. */
  readonly generation: number;
  /** An older generation made the file, and it lacks some of the newer columns. */
  readonly grown: boolean;
  /** Rows by old table. */
  readonly found: Readonly<Partial<Record<OldTable, number>>>;
}

/** What the store remembers of its import. */
export interface LegacyImported {
  /** When it was, in milliseconds. */
  readonly importedAt: number;
  /** Where the old file was copied to. */
  readonly copy: string;
}

/** A part of the import, as it begins; `done` rows of `total` while rows come over. */
export interface LegacyProgress {
  readonly step: 'copy' | 'rename' | 'create' | 'rows' | 'verify' | 'commit';
  readonly done?: number;
  readonly total?: number;
}

export interface LegacySettings {
  readonly path: string;
  readonly clock: Clock;
  readonly busyTimeoutMs: number;
  readonly onProgress: (progress: LegacyProgress) => void;
}

/** So many events are saved at once. */
const BATCH_EVENTS = 1_000;
const META_KEY = 'legacy_import';

/** What an import would do. Writes nothing. */
export async function planImport({ path, clock, busyTimeoutMs, onProgress }: LegacySettings): Promise<LegacyFindings> {
  const migrations = await readMigrations();
  const db = await retryWhileBusy(busyTimeoutMs, () => openToLook(path));
  try {
    db.exec('BEGIN');
    assertNamesFree(db, migrations);
    return bringOver(db, Math.floor(clock.read().wall), { onProgress, save: () => {} });
  } finally {
    db.close();
  }
}

/**
 * Copies the old file, then puts the store in its place: all in one transaction of one connection, which keeps others from
 * writing from before the copy is made until the end, while a second connection reads what there was. What it came to is
 * verified before it counts.
 *
 * @returns null if somebody else was faster
 */
export async function runImport(settings: LegacySettings): Promise<(LegacyFindings & LegacyImported) | null> {
  const { path, clock, busyTimeoutMs, onProgress } = settings;
  const migrations = await readMigrations();
  const file = new OpenFile(path);
  const writer = await retryWhileBusy(busyTimeoutMs, () => openWriter(path));
  try {
    await retryWhileBusy(busyTimeoutMs, () => writer.exec('BEGIN IMMEDIATE'));
    if (!isLegacy(() => schemaVersionOf(writer, path))) return null;
    assertNamesFree(writer, migrations);
    const importedAt = Math.floor(clock.read().wall);
    onProgress({ step: 'copy' });
    const copy = await withReader(settings, (reader) => copyFile(reader, path, importedAt));
    try {
      const findings = await withReader(settings, (reader) =>
        replace(reader, writer, { migrations, importedAt, onProgress }),
      );
      const imported = { importedAt, copy };
      writer.prepare('INSERT INTO meta (key, value) VALUES (?, ?)').run(META_KEY, JSON.stringify(imported));
      onProgress({ step: 'verify' });
      await assertVerified(writer, clock);
      file.assertInPlace();
      makePrivate(path);
      onProgress({ step: 'commit' });
      writer.exec('COMMIT');
      return { ...findings, ...imported };
    } catch (error) {
      // Nothing came of it, so nobody needs the copy.
      rmSync(copy, { force: true });
      throw error;
    }
  } finally {
    if (writer.inTransaction) writer.exec('ROLLBACK');
    writer.close();
  }
}

/** The import that a store came from, if it did. */
export function importOf(db: Connection): LegacyImported | null {
  const value = db.prepare<[string], string>('SELECT value FROM meta WHERE key = ?').pluck().get(META_KEY);
  return value === undefined ? null : (JSON.parse(value) as LegacyImported);
}

async function withReader<R>({ path, busyTimeoutMs }: LegacySettings, use: (reader: Connection) => R): Promise<R> {
  const reader = await retryWhileBusy(busyTimeoutMs, () => openToLook(path));
  try {
    return use(reader);
  } finally {
    reader.close();
  }
}

interface Replacing extends Pick<LegacySettings, 'onProgress'> {
  readonly migrations: readonly Migration[];
  readonly importedAt: number;
}

/** The reader goes on seeing what the writer, whose transaction is open, puts something else in the place of. */
function replace(
  reader: Connection,
  writer: Connection,
  { migrations, importedAt, onProgress }: Replacing,
): LegacyFindings {
  reader.exec('BEGIN');
  const tables = [...oldColumnsOf(reader).keys()];
  onProgress({ step: 'rename' });
  renameOldTables(writer, tables);
  onProgress({ step: 'create' });
  runMigrations(writer, migrations, migrations.length);
  leaveViews(writer, tables);
  const statements = prepareStatements(writer);
  return bringOver(reader, importedAt, {
    onProgress,
    save: (batch) => save(statements, { ...batch, reply: null, receipt: null, forgetReceiptsAt: 0, clock: null }, null),
  });
}

/** Where what comes over goes: nowhere, if it is only to be seen. */
interface Target extends Pick<LegacySettings, 'onProgress'> {
  readonly save: (batch: LegacyBatch) => void;
}

function bringOver(reader: Connection, now: number, target: Target): LegacyFindings {
  const columns = oldColumnsOf(reader);
  const rows = new OldRows(reader, columns);
  const found = rows.counts();
  const total = (found.session_state ?? 0) + (found.task_queue ?? 0) + (found.event_log ?? 0);
  const run = new LegacyImport(now, randomBytes(16).toString('hex'));
  let done = 0;
  for (const old of rows.sessions()) {
    for (const { batch, count } of batchesOf(run, old)) {
      target.save(batch);
      done += count;
      target.onProgress({ step: 'rows', done, total });
    }
  }
  for (const { table, id, record } of rows.leftOut()) run.leftOut(table, id, record);
  return { ...generationOf(columns), found, ...run.report };
}

/** What comes of one session, with how many of its rows it is made from. */
function* batchesOf(run: LegacyImport, old: OldSession): Generator<{ batch: LegacyBatch; count: number }> {
  const session = new SessionImport(run, old);
  let count = old.row === null ? 0 : 1;
  function* full() {
    count += 1;
    if (session.waiting < BATCH_EVENTS) return;
    yield { batch: session.take(), count };
    count = 0;
  }
  for (const event of old.events) {
    session.event(event);
    yield* full();
  }
  for (const letter of old.deadLetters) session.deadLetter(letter);
  for (const task of old.tasks) {
    session.task(task);
    yield* full();
  }
  session.finish();
  yield { batch: session.take(), count };
}

/** @throws `INTERNAL` if what came over is not what its log says: then nothing comes over */
async function assertVerified(db: Connection, clock: Clock): Promise<void> {
  const on = new PreparedReads(db);
  const source: ReadSource = { read: async (use) => use(on), snapshot: async (use) => use(source) };
  const reader = new SqliteReader(source, clock);
  const { findings } = await verifyLog(reader, await reader.namespaces());
  const [first] = findings;
  if (first === undefined) return;
  throw new OrchestratorError(
    'INTERNAL',
    `What came over does not hold together (session ${first.sessionId}: ${first.message}), so nothing was changed.`,
    { hint: 'Keep the old file as it is, and report this.' },
  );
}

/** The old file may have been readable by others; a store is its owner's alone. */
function makePrivate(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(file)) chmodSync(file, 0o600);
}
