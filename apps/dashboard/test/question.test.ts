/**
 * A question of a page:
 *
 * - changes that come faster than answers are asked for together, and do not keep the page from getting any
 * - nothing is told after it was stopped
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Question } from '../src/page/state/question.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([
  // Each 125 ms, and once for what was wanted after the last answer.
  [25, 9],
  // The pause after an answer is four times as long as the answer took.
  [300, 2],
])('changes all the time, answers within %d ms: %d are shown', async (answerMs, count) => {
  let asked = 0;
  const told: number[] = [];
  const question = new Question(
    async () => {
      asked += 1;
      const answer = asked;
      await new Promise((next) => setTimeout(next, answerMs));
      return answer;
    },
    (answer) => told.push(answer),
  );

  for (let ms = 0; ms < 1_000; ms += 50) {
    question.want();
    await vi.advanceTimersByTimeAsync(50);
  }
  await vi.advanceTimersByTimeAsync(3_000);

  expect(told).toEqual(Array.from({ length: count }, (_, at) => at + 1));
});

test('nothing is told after it was stopped', async () => {
  const told: number[] = [];
  const question = new Question(
    async () => 1,
    (answer) => told.push(answer),
  );

  question.want();
  question.stop();
  await vi.advanceTimersByTimeAsync(1_000);

  expect(told).toEqual([]);
});
