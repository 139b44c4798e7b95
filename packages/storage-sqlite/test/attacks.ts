import Database from 'better-sqlite3';
import { EVENT_PLACES, placesOf } from '../src/rows.ts';
import type { OpenedSqlite } from './open-target.ts';

/** Another program that has the file open, with SQLite's own settings and not ours. */
function withStranger(path: string, attack: (db: Database.Database) => void): void {
  const db = new Database(path);
  db.pragma('recursive_triggers = OFF');
  db.pragma('foreign_keys = OFF');
  try {
    attack(db);
  } finally {
    db.close();
  }
}

const run =
  (sql: string) =>
  ({ path }: OpenedSqlite): void =>
    withStranger(path, (db) => {
      const { changes } = db.prepare(sql).run();
      if (changes === 0) throw new Error('The statement found no event to attack, so it shows nothing.');
    });

/** All columns but the id. */
const COPIED = placesOf(EVENT_PLACES, Object.keys(EVENT_PLACES) as (keyof typeof EVENT_PLACES)[])
  .flatMap(({ column }) => (column === null || column === 'id' ? [] : [column]))
  .join(', ');
const SEQ_AHEAD = COPIED.replace('seq', 'seq + 1000');
const FIRST = 'FROM event_log ORDER BY id LIMIT 1';
const GRANT = `FROM event_log WHERE lease_effect = 'granted' ORDER BY id LIMIT 1`;

/** What another program that may write the file could try on the log, short of dropping a trigger. */
export const attacks: Readonly<Record<string, (opened: OpenedSqlite) => void>> = {
  'UPDATE an event': run(`UPDATE event_log SET payload = '{}'`),
  'UPDATE OR REPLACE an event': run(`UPDATE OR REPLACE event_log SET seq = seq + 1`),
  'UPDATE the id of an event': run('UPDATE event_log SET id = id + 1000'),
  'DELETE the last event': run('DELETE FROM event_log WHERE id = (SELECT max(id) FROM event_log)'),
  'DELETE all events': run('DELETE FROM event_log'),
  'INSERT OR REPLACE by id': run(`INSERT OR REPLACE INTO event_log (id, ${COPIED}) SELECT id, ${COPIED} ${FIRST}`),
  'INSERT OR REPLACE by number in the stream': run(
    `INSERT OR REPLACE INTO event_log (${COPIED}) SELECT ${COPIED} ${FIRST}`,
  ),
  'REPLACE INTO by number in the stream': run(`REPLACE INTO event_log (${COPIED}) SELECT ${COPIED} ${FIRST}`),
  'INSERT … ON CONFLICT DO UPDATE': run(
    `INSERT INTO event_log (id, ${COPIED}) SELECT id, ${COPIED} FROM event_log WHERE true ORDER BY id LIMIT 1
      ON CONFLICT (id) DO UPDATE SET payload = '{}'`,
  ),
  'INSERT a second grant of a fence': run(`INSERT OR REPLACE INTO event_log (${COPIED}) SELECT ${SEQ_AHEAD} ${GRANT}`),
  'INSERT an event without a session': run(
    `INSERT OR REPLACE INTO event_log (${COPIED}) SELECT ${SEQ_AHEAD.replace(/\bsession\b/, 'NULL')} ${FIRST}`,
  ),
};
