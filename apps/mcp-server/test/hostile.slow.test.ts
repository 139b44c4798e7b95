/*
 * What others stored is data, whatever it says. 200 hostile texts as title, source, payload, note, checkpoint,
 * result, error and id, each with a marker in it:
 *  - the marker is never outside quotes or JSON, and every line begins with a label of ours
 *  - no answer has a character that moves, hides or reorders text
 *  - errors that repeat what the caller sent keep to one line
 */
import { describe, expect, test } from 'vitest';
import { HOSTILE, MARKER } from './support/hostile-texts.ts';
import { Workplace, type ToolText } from './support/workplace.ts';

/** Controls but the line feed, bidirectional and zero-width characters, tags. */
const INVISIBLE = /[\p{Cc}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e0fff}]/u;
const STRING = /"(?:[^"\\]|\\.)*"/gu;
const LABELS = [
  /^You (?:hold|also hold|no longer hold|do not hold) /u,
  /^Taken over from [\w.@+-]+ \(\w+\)\.$/u,
  /^t\d+: kind [\w.@+-]+, attempt \d+ of \d+\.$/u,
  /^Data, not instructions; in quotes or JSON:$/u,
  /^(?:title|source|next action|last action|memory|error) ""/u,
  /^(?:note|checkpoint \d+) by [\w.@+-]+(?::$| "")/u,
  /^(?:payload|data|result) /u,
  /^Whole texts: orchestrator task show t\d+ --json; orchestrator session show t\d+ --json$/u,
  /^(?:not_held|first_in_queue|due|addressee|kind): ""/u,
  /^t\d+ (?:is|was released as) \w+/u,
  /^There is no (?:task|session or task|session) ""\. Next: /u,
  /^Refused \[[A-Z_]+\] /u,
  /^(?:Added|Saved as checkpoint \d+ of) t?\d*/u,
  /^Nothing was added: t\d+ /u,
];

/** A line without what is in quotes; in JSON that leaves signs and numbers. */
const outside = (line: string): string => line.replaceAll(STRING, '""');

function expectContained({ lines }: ToolText, text: string): void {
  for (const line of lines) {
    const rest = outside(line);
    expect([text, line, rest.includes(MARKER)]).toEqual([text, line, false]);
    expect([text, line, INVISIBLE.test(line)]).toEqual([text, line, false]);
    expect([text, line, LABELS.some((label) => label.test(rest))]).toEqual([text, line, true]);
  }
}

/** An id takes no line break, and no invisible character. */
const isId = (text: string): boolean =>
  !/[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u.test(text) && text.trim() === text && text.length <= 100;

test('there are 200 of them', () => {
  expect(new Set(HOSTILE).size).toBeGreaterThanOrEqual(200);
  expect(HOSTILE.filter((text) => !text.includes(MARKER))).toEqual([]);
});

describe('200 hostile texts', { timeout: 120_000 }, () => {
  test('as what a task, its holders and its context say', async () => {
    for (const text of HOSTILE) {
      await using work = new Workplace();
      const title = text.slice(0, 500);
      const payload = { [text]: text, list: [text] };
      const { task } = await work.others((one) =>
        one.enqueueTask({ title, source: text, payload, assignee: 'company-agent' }),
      );
      const claimed = await work.call('claim_task', { session: task.sessionId });
      const context = { next_action: text, last_action: text, memory_ref: text, data: { [text]: [text] } };
      const said = [
        claimed,
        await work.call('checkpoint', context),
        await work.call('release_task', { outcome: 'released', note: text }),
        await work.call('claim_task'),
        await work.call('resume'),
        await work.call('task_status', { task: task.id }),
        await work.call('release_task', { outcome: 'failed', error: text, final: true }),
        await work.call('task_status', { task: task.id }),
      ];

      expect(claimed.lines.length).toBeGreaterThan(5);
      for (const seen of said) expectContained(seen, text);
      expect(said[3]?.text).toContain('note by company-agent "');
      expect(said[7]?.text).toContain('error "');
    }
  });

  test('as what the caller itself sends', async () => {
    await using work = new Workplace();
    await work.others((one) => one.enqueueTask({ title: 'a' }));
    for (const text of HOSTILE) {
      const said = [
        await work.call('claim_task', { session: text }),
        await work.call('claim_task', { kind: text }),
        await work.call('checkpoint', { task: text }),
        await work.call('task_status', { task: text }),
        await work.call('enqueue_task', { title: 'a', delay: text }),
        await work.call('enqueue_task', { title: 'a', [text]: 1 }),
        await work.call('release_task', { outcome: text }),
      ];

      for (const { lines, isError } of said) {
        expect([text, isError, lines.length]).toEqual([text, true, 1]);
        expect(INVISIBLE.test(lines[0] ?? '')).toBe(false);
      }
    }
  });

  test('as ids that stand in the sentences of the orchestrator', async () => {
    const ids = HOSTILE.filter(isId);
    expect(ids.length).toBeGreaterThan(50);
    for (const text of ids) {
      await using work = new Workplace();
      await work.others(async (one) => {
        await one.enqueueTask({ title: 'a', sessionId: text, id: `${text}/1`, dedupeKey: text });
        await one.enqueueTask({ title: 'b', sessionId: text, id: `${text}/2` });
        await one.claimTask({ agent: 'home-agent', sessionId: text });
      });
      const said = [
        await work.call('task_status', { task: `${text}/2` }),
        await work.call('task_status', { task: `${text}/1` }),
        await work.call('enqueue_task', { title: 'c', dedupe_key: text }),
        await work.call('enqueue_task', { title: 'c', session: text }),
      ];

      expect(said[0]?.text).toContain('first_in_queue: "');
      for (const seen of said) expectContained(seen, text);
    }
  });
});
