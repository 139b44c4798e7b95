/* The lines of `since` where counting stopped: each group may have more, also one of which no event was counted. */
import { Names, SINCE_GROUPS, type SinceGroupName } from '@agent-orchestrator/runtime';
import { expect, test } from 'vitest';
import { sinceLines } from '../src/views/since.ts';

test.each([
  [true, ['10 000+ done', '0+ changes of keys']],
  [false, ['10 000 done']],
])('capped: %s', (isCapped, words) => {
  const counts: { readonly [Name in SinceGroupName]?: number } = { done: 10_000 };
  const groups = Object.keys(SINCE_GROUPS).map((name) => {
    const group = name as SinceGroupName;
    return { name: group, count: counts[group] ?? 0, rows: [] };
  });
  const waiting = { questions: { count: 0, tasks: [] }, deadLetters: { count: 0, tasks: [] }, forYou: [] };
  const since = { from: { eventId: 7, at: null }, groups, isCapped, waiting, askedAt: 0 };

  const lines = sinceLines(since, null, new Names(), (_style, text) => text);

  expect(
    lines.filter((line) => /done|keys/u.test(line)).map((line) => line.trim().split(/ {2}/u)[0]?.slice(2)),
  ).toEqual(words);
  expect(lines.join('\n').includes('0+ changes of keys  orchestrator events --after 7 --type agent.key_set')).toBe(
    isCapped,
  );
});
