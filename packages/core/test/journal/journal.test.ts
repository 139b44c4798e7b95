/*
 * A journal is read back:
 *  - line by line; what a crash cut off at the end is left out
 *  - any other line that is none is refused, with file and line
 *  - so is an answer to a call that is not there
 *  - every kind of call and line that the types know is read
 */
import { expect, test } from 'vitest';
import { parseJournal, type JournaledCallName, type JournalLine } from '../../src/journal/index.ts';

const started = { is: 'started', agent: 'a', instance: 'a.1', at: 1 };
const sent = { is: 'sent', call: 1, command: 'claim', request: { agent: 'a', commandId: 'c' }, at: 2 };
const answered = { is: 'answered', call: 1, reply: { ok: false, reason: 'no_task', nextDueAt: null }, at: 3 };

function text(...lines: readonly unknown[]): string {
  return lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
}

test('a journal is read line by line, whatever its strings have in them', () => {
  const agent = 'line\u2028separator\r\n\u0000';

  expect(parseJournal(text({ ...started, agent }, sent, answered))).toEqual([{ ...started, agent }, sent, answered]);
  expect(parseJournal('')).toEqual([]);
});

test('what a crash cut off at the end is left out, wherever it was cut', () => {
  const whole = text(started, sent, answered);
  const last = text(answered);

  for (let cut = 1; cut <= last.length; cut += 1) expect(parseJournal(whole.slice(0, -cut))).toEqual([started, sent]);
});

test.each([
  ['half a line', text(started, '{"is":"sent","ca', answered), 2],
  ['an empty line', text(started, '', sent), 2],
  ['zeros', text(started, '\u0000\u0000\u0000', sent), 2],
  ['JSON that is no line', text(started, sent, 42), 3],
  ['a line of another kind', text(started, { is: 'paused', at: 2 }), 2],
  ['a call that is not known', text(started, { ...sent, command: 'dance' }), 2],
  ['a line without its time', text({ ...started, at: undefined }), 1],
  ['an answer that says neither yes nor no', text(started, sent, { ...answered, reply: {} }), 3],
])('%s is refused, with file and line', (_name, journal, line) => {
  expect(() => parseJournal(journal, 'a.jsonl')).toThrow(
    expect.objectContaining({
      code: 'JOURNAL_DAMAGED',
      message: `Line ${line} of a.jsonl is not a line of a journal.`,
    }),
  );
});

test('an answer, or an error, of a call that is not there is refused', () => {
  const threw = { is: 'threw', call: 1, code: null, message: '', at: 3 };

  for (const end of [answered, threw])
    expect(() => parseJournal(text(started, end), 'a.jsonl')).toThrow(
      expect.objectContaining({ message: 'Line 2 of a.jsonl answers call 1, but no line before it has this call.' }),
    );
});

test('every kind of call and line that the types know is read', () => {
  const commands: Record<JournaledCallName, true> = {
    enqueue: true,
    claim: true,
    heartbeat: true,
    checkpoint: true,
    release: true,
    recover: true,
    cancel: true,
    retry: true,
    close: true,
    answer: true,
  };
  const lines: Record<JournalLine['is'], object> = {
    started,
    sent,
    answered,
    threw: { is: 'threw', call: 1, code: 'STORE_IO', message: 'no', at: 4 },
    followed: { is: 'followed', namespace: 'default', after: 0, events: [], at: 5 },
    ended: { is: 'ended', at: 6 },
  };

  expect(parseJournal(text(...Object.values(lines)))).toHaveLength(6);
  const calls = Object.keys(commands).map((command, at) => ({ ...sent, command, call: at }));
  expect(parseJournal(text(...calls))).toEqual(calls);
});
