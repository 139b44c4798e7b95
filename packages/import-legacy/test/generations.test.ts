/**
 * Promises about the generations of files:
 * - each is imported, and files that grew from one to the next
 */
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { contentsOf, imported, withStore } from './imported.ts';
import { ago, COMMON, OBSERVED, oldFile, session, task, type Generation } from './old-files.ts';

describe('a file', () => {
  const files: readonly [generations: readonly Generation[], generation: number, grown: boolean][] = [
    [[1], 1, false],
    [[2], 2, false],
    [[3], 3, false],
    [[4], 4, false],
    [[1, 3], 3, true],
    [[1, 4], 3, true],
    [[2, 3], 3, false],
    [[2, 4], 3, false],
  ];

  test.each(files)('of the generations %j is imported', async (generations, generation, grown) => {
    const observed = Math.max(...generations) >= 3;
    const path = oldFile(generations, observed ? { ...COMMON, ...OBSERVED } : COMMON);

    const report = await imported(path);

    expect(report).toMatchObject({
      generation,
      grown,
      imported: {
        sessions: 2,
        contexts: 1,
        tasks: { queued: 1, running: 1, succeeded: 1 },
        leases: { held: 1, stale: 0 },
        events: 3,
      },
      changes: [],
    });
    expect(report.found).toEqual({
      session_state: 2,
      task_queue: 3,
      distributed_lock: 1,
      event_log: 3,
      ...(observed && { alerts: 1, dead_letters: 0, lock_events: 1 }),
    });
  });

  test('whose columns were added later is imported with what they say', async () => {
    const path = oldFile([1, 4], { ...COMMON, task_queue: [] });
    const db = new Database(path);
    db.exec(`ALTER TABLE task_queue ADD COLUMN max_retries INTEGER NOT NULL DEFAULT 3;
      INSERT INTO task_queue (task_id, session_id, task_type, created_at, max_retries)
      VALUES ('t', 'free', 'x', '${ago(9)}', 8)`);
    db.close();

    const store = await imported(path);

    expect(store).toMatchObject({ generation: 4, grown: true });
    expect((await contentsOf(store)).tasks).toMatchObject([{ id: 't', attemptsMax: 9 }]);
  });

  test('that has only empty tables is imported', async () => {
    const path = oldFile([4]);

    const store = await imported(path);

    expect(await withStore(store, async (orchestrator) => (await orchestrator.enqueueTask({})).task.status)).toBe(
      'queued',
    );
  });

  test('with ids in a namespace is imported into it', async () => {
    const path = oldFile([4], { session_state: [session({ namespace: 'web' })], task_queue: [task()] });

    const store = await imported(path);

    expect(await withStore(store, (orchestrator) => orchestrator.getTask('task-1', 'web'))).toMatchObject({
      sessionId: 'session-1',
    });
  });
});
