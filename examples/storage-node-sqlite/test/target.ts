import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { TestClock, type Opened, type Target } from '@agent-orchestrator/storage-conformance';
import { openNodeSqliteRows, openNodeSqliteStorage } from 'example-storage-node-sqlite';

/** A store and a second connection to it, in a file of its own. */
interface OpenedFile extends Opened {
  readonly path: string;
}

async function open(): Promise<OpenedFile> {
  const path = join(mkdtempSync(join(tmpdir(), 'node-sqlite-')), 'store.db');
  const clock = new TestClock();
  const storage = await openNodeSqliteStorage({ path, clock });
  await storage.migrate();
  const peer = await openNodeSqliteStorage({ path, clock });
  return {
    path,
    storage,
    peer,
    clock,
    async close() {
      await Promise.all([storage.close(), peer.close()]);
      rmSync(dirname(path), { recursive: true, force: true });
    },
  };
}

/** Another program that has the file open, with SQLite's own settings and not ours. */
const attack =
  (sql: string) =>
  ({ path }: OpenedFile): void => {
    const db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
    try {
      db.exec('PRAGMA recursive_triggers = OFF');
      const { changes } = db.prepare(sql).run();
      if (changes === 0) throw new Error('The statement found no event to attack, so it shows nothing.');
    } finally {
      db.close();
    }
  };

const COLUMNS = `stream_kind, namespace, stream_id, session_id, seq, type, task_id, fence, lease_effect, agent,
  instance, command_id, at, prev_hash, hash, payload`;
const AHEAD = COLUMNS.replace('seq', 'seq + 1000');
const FIRST = 'FROM event_log ORDER BY id LIMIT 1';

/** The storage, and all that the suite has to know of it. */
export const target: Target<OpenedFile> = {
  name: 'storage-node-sqlite',
  open,
  reopen: ({ path, clock }) => openNodeSqliteStorage({ path, clock }),
  child: { module: new URL('child.ts', import.meta.url), address: ({ path }) => path },
  rows: {
    other: open,
    open: ({ path }, mode) => openNodeSqliteRows(path, mode),
    openFilling: ({ path, clock }, filling) => openNodeSqliteStorage({ path, clock, filling }),
  },
  attacks: {
    'UPDATE an event': attack(`UPDATE event_log SET payload = '{}'`),
    'UPDATE OR REPLACE an event': attack('UPDATE OR REPLACE event_log SET seq = seq + 1'),
    'DELETE all events': attack('DELETE FROM event_log'),
    'INSERT OR REPLACE by id': attack(
      `INSERT OR REPLACE INTO event_log (id, ${COLUMNS}) SELECT id, ${COLUMNS} ${FIRST}`,
    ),
    'INSERT OR REPLACE by number in the stream': attack(
      `INSERT OR REPLACE INTO event_log (${COLUMNS}) SELECT ${COLUMNS} ${FIRST}`,
    ),
    'INSERT a second grant of a fence': attack(
      `INSERT OR REPLACE INTO event_log (${COLUMNS}) SELECT ${AHEAD} FROM event_log
        WHERE lease_effect = 'granted' ORDER BY id LIMIT 1`,
    ),
    'INSERT an event without a session': attack(
      `INSERT OR REPLACE INTO event_log (${COLUMNS}) SELECT ${AHEAD.replace('session_id', 'NULL')} ${FIRST}`,
    ),
  },
};
