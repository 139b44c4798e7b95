/**
 * A question to the store that is under way:
 *
 * - is not begun anew, and all that ask get its answer or its failure
 * - where something has changed since it began, one more begins after it, for all who came, again and again
 */
import { expect, test } from 'vitest';
import { SharedQuestions } from '../src/fold/shared-questions.ts';

/** Questions that are answered by hand, in the order in which they began. */
function byHand() {
  const questions = new SharedQuestions<number>();
  const begun: PromiseWithResolvers<number>[] = [];
  let version = 1;
  const ask = (name = 'a') =>
    questions.ask(
      name,
      () => {
        const one = Promise.withResolvers<number>();
        begun.push(one);
        return one.promise;
      },
      () => String(version),
    );
  return { ask, begun, change: () => (version += 1) };
}

test('it is not begun anew, and questions of other names are', async () => {
  const { ask, begun } = byHand();
  const answers = Promise.all([ask(), ask(), ask('b')]);
  expect(begun.length).toBe(2);
  begun[0]?.resolve(1);
  begun[1]?.resolve(2);

  expect(await answers).toEqual([1, 1, 2]);
  void ask();
  expect(begun.length).toBe(3);
});

test('where something has changed, one more begins after it', async () => {
  const { ask, begun, change } = byHand();
  const first = ask();
  change();
  const later = [ask(), ask()];
  change();
  later.push(ask());
  expect(begun.length).toBe(1);
  begun[0]?.reject(new Error('lost'));
  await expect(first).rejects.toThrow('lost');
  await expect.poll(() => begun.length).toBe(2);
  later.push(ask());
  begun[1]?.resolve(2);

  expect(await Promise.all(later)).toEqual([2, 2, 2, 2]);
  expect(begun.length).toBe(2);
  for (const round of [3, 4]) {
    const early = ask();
    change();
    const late = [ask(), ask()];
    const last = begun.length;
    begun[last - 1]?.resolve(round);
    expect(await early).toBe(round);
    await expect.poll(() => begun.length).toBe(last + 1);
    begun[last]?.resolve(10 * round);
    expect(await Promise.all(late)).toEqual([10 * round, 10 * round]);
  }
});
