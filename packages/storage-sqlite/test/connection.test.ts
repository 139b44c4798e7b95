// What each connection promises, as SQLite itself says:
// - what was acknowledged survives a power cut, unless NORMAL was asked for
// - foreign keys, recursive triggers, no trust in the schema, no waiting inside SQLite, the write-ahead log
import { expect, test } from 'vitest';
import { openReader, openWriter, type Connection } from '../src/connection.ts';
import { createFile } from '../src/file/store-file.ts';
import { newPath } from './temporary-store.ts';

const pragma = (db: Connection, name: string) => db.pragma(name, { simple: true });

test.each([
  ['FULL unless asked otherwise', undefined, 2],
  ['FULL', 'FULL', 2],
  ['NORMAL', 'NORMAL', 1],
] as const)('synchronous: %s', (_what, synchronous, level) => {
  const path = newPath();
  createFile(path);
  const db = openWriter(path, synchronous);

  expect(pragma(db, 'synchronous')).toBe(level);
  db.close();
});

test('what else must hold does, for connections that write and that read', () => {
  const path = newPath();
  createFile(path);
  const writer = openWriter(path);
  const reader = openReader(path);

  for (const db of [writer, reader]) {
    expect(pragma(db, 'foreign_keys')).toBe(1);
    expect(pragma(db, 'recursive_triggers')).toBe(1);
    expect(pragma(db, 'trusted_schema')).toBe(0);
    expect(pragma(db, 'busy_timeout')).toBe(0);
    expect(pragma(db, 'journal_mode')).toBe('wal');
  }
  reader.close();
  writer.close();
});
