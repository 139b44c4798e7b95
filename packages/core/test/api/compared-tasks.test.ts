// What the replay of a session with very many tasks holds:
// - tasks that are as their rows say are forgotten, all others are kept
// - time alone makes no difference: a scheduled task that fell due is as its row says
// - a task that was forgotten comes back as it was
// - a replay that cannot forget its tasks is not looked at again before it has grown
import { expect, test } from 'vitest';
import { ComparedTasks } from '../../src/api/compared-tasks.ts';
import { Replay } from '../../src/log/replay.ts';
import type { Task } from '../../src/model/task.ts';
import type { Reader } from '../../src/storage/storage.ts';

const TASKS = 5_000;

const taskOf = (at: number, change: Partial<Task> = {}): Task =>
  ({ namespace: 'default', id: `task-${at}`, status: 'queued', attempt: 0, version: 1, ...change }) as Task;

/** A replay with so many tasks; `rowOf` makes the rows in the table. */
function replayed(rowOf: (at: number) => Task | null) {
  const replay = new Replay();
  let reads = 0;
  const rows = new Map(Array.from({ length: 10 * TASKS }, (_, at) => [`task-${at}`, at]));
  const task = async (_namespace: string, id: string) => {
    reads += 1;
    return rowOf(rows.get(id) ?? -1);
  };
  const compared = new ComparedTasks({ task } as unknown as Reader, replay);
  const hold = (from: number, to: number) => {
    for (let at = from; at < to; at += 1) replay.tasks.set(`task-${at}`, taskOf(at));
  };
  return { replay, compared, hold, reads: () => reads };
}

/** Every third row is another than the log says, and one is not there. The version is not logged. */
function everyThirdDiffers(at: number): Task | null {
  return at === 7 ? null : taskOf(at, { version: 9, attempt: at % 3 === 0 ? 1 : 0 });
}

test('tasks that are as their rows say are forgotten, and come back', async () => {
  const { replay, compared, hold } = replayed(everyThirdDiffers);

  hold(0, TASKS - 1);
  expect(compared.isFull).toBe(false);
  hold(TASKS - 1, TASKS);
  expect(compared.isFull).toBe(true);
  await compared.forget('default');

  const kept = Array.from({ length: TASKS }, (_, at) => at).filter((at) => at % 3 === 0 || at === 7);
  expect([...replay.tasks.keys()]).toEqual(kept.map((at) => `task-${at}`));
  expect([compared.has('task-0'), compared.has('task-1'), compared.has('task-7')]).toEqual([false, true, false]);

  await compared.readAgain('default', 'task-1');

  expect(replay.tasks.get('task-1')).toMatchObject({ id: 'task-1', attempt: 0 });
  expect(compared.has('task-1')).toBe(false);
});

test('a scheduled task that fell due is forgotten', async () => {
  const { replay, compared, hold } = replayed((at) => taskOf(at, { status: 'queued' }));
  hold(0, 1);
  replay.tasks.set('task-1', taskOf(1, { status: 'scheduled' }));

  await compared.forget('default');

  expect([compared.has('task-0'), compared.has('task-1'), replay.tasks.size]).toEqual([true, true, 0]);
});

test('a replay that cannot forget its tasks is not looked at again before it has grown', async () => {
  const { compared, hold, reads } = replayed((at) => taskOf(at, { status: 'succeeded' }));

  for (let at = 0; at < 10 * TASKS; at += 1) {
    hold(at, at + 1);
    if (compared.isFull) await compared.forget('default');
  }

  expect(reads()).toBeLessThan(2 * 10 * TASKS);
});
