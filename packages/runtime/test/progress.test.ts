/*
 * Signs that the agent in a host works:
 *  - a call of a tool is under way from its entry in the transcript to its answer, in the form of each host
 *  - a call that was broken off is over with the next prompt, or with the end of the turn
 *  - each conversation of a host that has several in one process counts, until it ends
 *  - without a hook and a transcript the work is not seen
 *  - a file that cannot be read, and a folder that cannot be written, are no signs, and no error
 */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { endConversation, noteConversation } from '../src/processes/conversations.ts';
import { noteProgress, ProgressReader, toolBegan, toolEnded, turnEnded } from '../src/hosts/progress.ts';

const claude = {
  prompt: { type: 'user', message: { role: 'user', content: 'Build it.' } },
  call: { type: 'assistant', message: { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'Bash' }] } },
  answer: { type: 'user', message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1' }] } },
  other: { type: 'system', subtype: 'stop_hook_summary' },
};
const codex = {
  prompt: { type: 'response_item', payload: { type: 'message', role: 'user', content: [] } },
  call: { type: 'response_item', payload: { type: 'function_call', name: 'exec_command', call_id: 'c1' } },
  answer: { type: 'response_item', payload: { type: 'function_call_output', call_id: 'c1' } },
  other: { type: 'event_msg', payload: { type: 'token_count' } },
};
const gemini = {
  prompt: { type: 'user', content: [{ text: 'Build it.' }] },
  call: { type: 'gemini', id: '1', content: 'I build it.' },
  answer: { type: 'gemini', id: '1', content: 'I build it.', toolCalls: [{ name: 'run_shell_command' }] },
  other: { $set: { lastUpdated: '2026' } },
};

/** A host with a transcript, whose changes are seconds apart. */
function hostWithTranscript() {
  const folder = mkdtempSync(join(tmpdir(), 'progress-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const transcript = join(folder, 'transcript.jsonl');
  let seconds = Date.now() / 1_000;
  const reader = new ProgressReader();
  const after = (...entries: readonly object[]): boolean => {
    writeFileSync(transcript, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    seconds += 10;
    utimesSync(transcript, seconds, seconds);
    return reader.read({ folder, transcript }).isToolRunning;
  };
  const endTurn = () => {
    turnEnded({ folder });
    seconds += 10;
    utimesSync(join(folder, 'turn'), seconds, seconds);
    return reader.read({ folder, transcript }).isToolRunning;
  };
  return { folder, after, endTurn };
}

test.each([
  ['Claude Code', claude],
  ['Codex', codex],
  ['Gemini CLI', gemini],
])('a call of a tool in %s is under way until its answer', (_host, { prompt, call, answer, other }) => {
  const { after } = hostWithTranscript();

  expect(after(prompt)).toBe(false);
  expect(after(prompt, call, other)).toBe(true);
  expect(after(prompt, call, other, answer, other)).toBe(false);
});

test('a call that was broken off is over with the next prompt, or the end of the turn', () => {
  const { after, endTurn } = hostWithTranscript();

  for (const { prompt, call } of [claude, codex]) expect(after(prompt, call, prompt)).toBe(false);
  expect(after(gemini.prompt, gemini.call)).toBe(true);
  expect(endTurn()).toBe(false);
});

test('each conversation of a host that has several in one process counts, until it ends', () => {
  const { folder, after } = hostWithTranscript();
  after(codex.prompt, codex.call);
  noteConversation(folder, { id: 'busy', transcript: join(folder, 'transcript.jsonl') });
  const toldLast = join(folder, 'other.jsonl');
  writeFileSync(toldLast, '');
  noteConversation(folder, { id: 'idle', transcript: toldLast });
  const reader = new ProgressReader();
  const look = () => reader.read({ folder, transcript: toldLast });

  const before = look();
  after(codex.prompt, codex.call, codex.other);
  const later = look();
  endConversation({ folder }, 'busy');

  expect([before.isToolRunning, later.isToolRunning, later.text === before.text]).toEqual([true, true, false]);
  expect(look().isToolRunning).toBe(false);
});

test('what cannot be read or written is no sign, and no error', () => {
  const { folder, after } = hostWithTranscript();
  after({});
  const reader = new ProgressReader();
  const beside = { folder: join(folder, 'transcript.jsonl'), transcript: folder };
  mkdirSync(join(folder, 'tools'));

  for (const note of [noteProgress, turnEnded]) note(beside);
  for (const note of [toolBegan, toolEnded]) note(beside, 'c1');

  expect(reader.read(beside)).toMatchObject({ isToolRunning: false, isObserved: true });
  expect(reader.read({ ...beside, transcript: join(folder, 'none') }).isToolRunning).toBe(false);
});

test('work counts as seen when a hook or a transcript has told of it', () => {
  const { folder } = hostWithTranscript();
  const host = { folder: join(folder, 'host'), transcript: null };
  const reader = new ProgressReader();

  noteProgress(host);
  const before = reader.read(host).isObserved;
  turnEnded(host);

  expect([before, reader.read(host).isObserved]).toEqual([false, true]);
});
