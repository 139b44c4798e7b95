/** A process of the proof of concept that is still at work: adds task after task, until it may not. */
import Database from 'better-sqlite3';
import { leave, settings, tell, told } from './parent.ts';

const { path } = settings() as { readonly path: string };

const db = new Database(path, { timeout: 5_000 });
db.pragma('journal_mode = WAL');
const add = db.prepare(`INSERT INTO task_queue (task_id, session_id, task_type, created_at) VALUES (?, 's1', 'x', ?)`);
let tasks = 0;
while (tasks < 100) write();
const goOn = told('go on');
tell('wrote', { tasks });
await goOn;
tell('writing');
try {
  for (;;) {
    write();
    // Others get their turn.
    if (tasks % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
} catch (error) {
  tell('failed', { tasks, message: String(error) });
}
db.close();
leave();

function write(): void {
  add.run(`t${tasks}`, new Date().toISOString());
  tasks += 1;
}
