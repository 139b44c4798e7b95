import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Content, FloorOptions, Store, Subject, Synchronous } from '../subject.ts';
import { openWaitingFloor } from './open-floor.ts';

const SCHEME = 'sqlite:';

/** Files in a folder. */
export function sqlite(folder: string, synchronous: Synchronous): Subject {
  const storeAt = (name: string): Store => ({ url: `${SCHEME}${join(folder, `${name}.db`)}`, synchronous });
  return {
    name: `SQLite, ${synchronous}`,
    async create(name) {
      mkdirSync(folder, { recursive: true });
      return storeAt(name);
    },
    async copy(from, name) {
      const to = storeAt(name);
      // A closed store is one file: its log was moved into it by the last connection.
      copyFileSync(pathOf(from), pathOf(to));
      return to;
    },
    async remove(store) {
      for (const suffix of ['', '-wal', '-shm']) rmSync(pathOf(store) + suffix, { force: true });
    },
    async openFloor(store, { sample, process }: FloorOptions) {
      return openWaitingFloor({ path: pathOf(store), synchronous, busyTimeoutMs: 0, sample, process });
    },
    async contentsOf(store, statements) {
      const db = new Database(pathOf(store), { readonly: true });
      try {
        return statements.flatMap((sql) => db.prepare<[], Content>(sql).all());
      } finally {
        db.close();
      }
    },
    async fill(store, statements) {
      fill(pathOf(store), statements);
    },
  };
}

export function pathOf({ url }: Store): string {
  return url.slice(SCHEME.length);
}

function fill(path: string, statements: readonly string[]): void {
  const db = new Database(path);
  for (const pragma of [
    'synchronous = OFF',
    'foreign_keys = OFF',
    'ignore_check_constraints = ON',
    'cache_size = -1000000',
  ])
    db.pragma(pragma);
  db.exec('BEGIN');
  const dropped = db
    .prepare<[], { type: string; name: string; sql: string }>(
      `SELECT type, name, sql FROM sqlite_schema WHERE type IN ('index', 'trigger') AND sql IS NOT NULL`,
    )
    .all();
  for (const { type, name } of dropped) db.exec(`DROP ${type} ${name}`);
  for (const sql of statements) db.exec(sql);
  for (const { sql } of dropped) db.exec(sql);
  db.exec('COMMIT');
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}
