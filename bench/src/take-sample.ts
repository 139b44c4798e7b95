import { join } from 'node:path';
import Database from 'better-sqlite3';
import { claimAndRelease, BATCH, openProduct, seedStore } from './product.ts';
import type { Row, Sample } from './sample.ts';
import { pathOf, sqlite } from './sqlite/subject.ts';

/** Taken from a file: the rules write the same texts wherever they work. */
export async function takeSample(folder: string): Promise<Sample> {
  const subject = sqlite(join(folder, 'sample'), 'NORMAL');
  const store = await seedStore(subject, 'sample', BATCH);
  const path = pathOf(store);
  const rows = readSample(path, (db) => ({
    sessions: rowsOf(db, 'SELECT * FROM sessions ORDER BY id'),
    tasks: rowsOf(db, 'SELECT * FROM tasks ORDER BY id'),
    event_log: rowsOf(db, 'SELECT * FROM event_log ORDER BY id'),
  }));
  const orchestrator = await openProduct(store);
  await claimAndRelease(orchestrator);
  await orchestrator[Symbol.asyncDispose]();
  const texts = readSample(path, (db) => {
    const event = db.prepare<[string], string>('SELECT payload FROM event_log WHERE type = ?').pluck();
    const replies = db.prepare<[], string>('SELECT reply FROM receipts ORDER BY command_id').pluck().all();
    const [enqueueReply = '', claimReply = '', releaseReply = ''] = replies;
    return {
      claimed: event.get('task.claimed') ?? '',
      succeeded: event.get('task.succeeded') ?? '',
      closed: event.get('session.closed') ?? '',
      enqueueReply,
      claimReply,
      releaseReply,
    };
  });
  await subject.remove(store);
  return { ...texts, rows };
}

function readSample<R>(path: string, read: (db: Database.Database) => R): R {
  const db = new Database(path, { readonly: true });
  try {
    return read(db);
  } finally {
    db.close();
  }
}

function rowsOf(db: Database.Database, sql: string): Row[] {
  return db.prepare<[], Row>(sql).all();
}
