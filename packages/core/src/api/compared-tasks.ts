import type { Replay } from '../log/replay.ts';
import type { Reader } from '../storage/storage.ts';
import { UNLOGGED_TASK_FIELDS, type Task } from '../model/task.ts';

/** A replay may hold so many tasks before they are compared. */
const HELD_MAX = 5_000;
/** Rows that are read at once. */
const CHUNK = 50;

/**
 * Saves memory in the replay of a session with very many tasks. A task that is already as its row says is forgotten,
 * but for its id. If a later event is about it, the row is read again: in one snapshot it is still the same. So the
 * replay holds the tasks that the events to come will change, and a few thousand others. Where all tasks of a session
 * were open at once and have ended since, those are all of them.
 */
export class ComparedTasks {
  readonly #reader: Reader;
  readonly #replay: Replay;
  /** One id for each task of the session at most: without them, a row that has no event would not be found. */
  readonly #equal = new Set<string>();
  #compareAt = HELD_MAX;

  constructor(reader: Reader, replay: Replay) {
    this.#reader = reader;
    this.#replay = replay;
  }

  /** Whether the task was found to be as its row says, and no event came since. */
  has(id: string): boolean {
    return this.#equal.has(id);
  }

  /** Gives the replay a task back, before an event about it is added. */
  async readAgain(namespace: string, id: string): Promise<void> {
    const task = await this.#reader.task(namespace, id);
    this.#equal.delete(id);
    if (task !== null) this.#replay.tasks.set(id, task);
  }

  /** Whether the replay holds so many tasks that it is time to forget some. */
  get isFull(): boolean {
    return this.#replay.tasks.size >= this.#compareAt;
  }

  /** Forgets what it can. */
  async forget(namespace: string): Promise<void> {
    const { tasks } = this.#replay;
    const ids = [...tasks.keys()];
    for (let at = 0; at < ids.length; at += CHUNK) {
      const chunk = ids.slice(at, at + CHUNK);
      const rows = await Promise.all(chunk.map((id) => this.#reader.task(namespace, id)));
      for (const row of rows) {
        if (row === null || !isAs(row, tasks.get(row.id))) continue;
        tasks.delete(row.id);
        this.#equal.add(row.id);
      }
    }
    // With those that are left counted twice, no more rows are read in all than a few for each task.
    this.#compareAt = HELD_MAX + 2 * tasks.size;
  }
}

/** Scheduled and queued count as the same status: only time turns one into the other. */
export function sameWaiting(task: Task): Task {
  return task.status === 'scheduled' ? { ...task, status: 'queued' } : task;
}

function isAs(row: Task, replayed: Task | undefined): boolean {
  if (replayed === undefined) return false;
  const [stored, logged] = [sameWaiting(row), sameWaiting(replayed)];
  const columns = Object.keys(logged) as (keyof Task)[];
  return columns.every(
    (column) => stored[column] === logged[column] || (UNLOGGED_TASK_FIELDS as readonly string[]).includes(column),
  );
}
