// Ids that a command makes:
// - they are UUIDv7 of the command's time, and the same whenever the command is judged again
// - a batch's ids sort in the order of the batch
// - parts of one batch, and tasks of another purpose, never share an id
import { expect, test } from 'vitest';
import { z } from 'zod';
import { jitterFor, partCommandId, taskIdFor, timeOfUuid } from '../../src/model/ids.ts';

const commandId = '019a0f3c-7e11-7abc-8def-0123456789ab';

test("they are UUIDv7 of the command's time, and the same whenever the command is judged again", () => {
  const id = taskIdFor(commandId, 999);

  expect(z.uuidv7().safeParse(id).success).toBe(true);
  expect(timeOfUuid(id)).toBe(timeOfUuid(commandId));
  expect(taskIdFor(commandId, 999)).toBe(id);
  expect(timeOfUuid('00000000-03e8-7000-8000-000000000000')).toBe(1000);
});

test("a batch's ids sort in the order of the batch", () => {
  const ids = Array.from({ length: 1000 }, (_, at) => taskIdFor(commandId, at));

  expect(ids.toSorted()).toEqual(ids);
});

test('parts of one batch, and ids of another purpose, never share an id', () => {
  const ids = Array.from({ length: 1000 }, (_, at) => [taskIdFor(commandId, at), partCommandId(commandId, at)]).flat();

  expect(new Set(ids).size).toBe(2000);
});

test('the jitter of a retry is chance, but the same for the same command and task', () => {
  const jitter = jitterFor(commandId, 'a');

  expect(jitter).toBeGreaterThanOrEqual(0);
  expect(jitter).toBeLessThan(1);
  expect(jitterFor(commandId, 'a')).toBe(jitter);
  expect(jitterFor(commandId, 'b')).not.toBe(jitter);
});
