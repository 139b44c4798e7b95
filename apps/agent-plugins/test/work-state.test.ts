// What the program saves at the end of a turn, of what the host wrote down:
// - the last message, the files that were changed and the open list of things to do, in the form of each host
// - what no store takes is replaced, and what does not fit beside the data of the model is left out
// - the model's own words about what comes next are kept, and nothing is written twice
import { LIMITS } from '@agent-orchestrator/runtime';
import { expect, test } from 'vitest';
import { turnCheckpoint } from '../src/hook/turn-checkpoint.ts';
import { workState } from '../src/hook/work-state.ts';

const CLAUDE_CODE = [
  { type: 'user', message: { role: 'user', content: 'go' } },
  {
    type: 'assistant',
    message: {
      role: 'assistant',
      content: [
        { type: 'text', text: 'I change two files.' },
        { type: 'tool_use', name: 'Write', input: { file_path: '/work/lexer.ts', content: '…' } },
        { type: 'tool_use', name: 'Edit', input: { file_path: '/work/parser.ts', old_string: 'a' } },
        { type: 'tool_use', name: 'Read', input: { file_path: '/work/other.ts' } },
        {
          type: 'tool_use',
          name: 'TodoWrite',
          input: {
            todos: [
              { content: 'write the lexer', status: 'completed' },
              { content: 'write the tests', status: 'pending' },
            ],
          },
        },
      ],
    },
  },
];

const PATCH =
  '*** Begin Patch\n*** Update File: src/parser.ts\n@@\n-a\n+b\n*** Add File: src/lexer.ts\n+c\n*** End Patch';
const CODEX = [
  {
    type: 'response_item',
    payload: { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I patch.' }] },
  },
  { type: 'response_item', payload: { type: 'custom_tool_call', name: 'apply_patch', input: PATCH } },
  {
    type: 'response_item',
    payload: {
      type: 'function_call',
      name: 'update_plan',
      arguments: JSON.stringify({ plan: [{ step: 'run the tests', status: 'in_progress' }] }),
    },
  },
];

const GEMINI_CLI = [
  {
    type: 'gemini',
    content: 'I replace.',
    toolCalls: [{ name: 'replace', args: { file_path: '/work/lexer.ts', old_string: 'a', new_string: 'b' } }],
  },
];

test.for([
  ['Claude Code', CLAUDE_CODE, 'I change two files.', ['/work/parser.ts', '/work/lexer.ts'], ['write the tests']],
  ['Codex', CODEX, 'I patch.', ['src/lexer.ts', 'src/parser.ts'], ['run the tests']],
  ['Gemini CLI', GEMINI_CLI, 'I replace.', ['/work/lexer.ts'], []],
] as const)('the state of a session of %s', ([, entries, lastMessage, files, openTasks]) => {
  expect(workState(entries, null)).toEqual({ lastMessage, files, openTasks });
});

const BEFORE = {
  turn: 3,
  hash: '0'.repeat(64),
  lastAction: 'began',
  nextAction: 'write the lexer',
  memoryRef: 'branch-7',
  data: { note: 'mine' },
};

test('the checkpoint of the program keeps what the model saved for its successor', () => {
  const state = { lastMessage: 'The lexer is half done.', files: ['lexer.ts'], openTasks: ['write the tests'] };

  expect(turnCheckpoint(BEFORE, state)).toEqual({
    lastAction: 'The lexer is half done.',
    nextAction: 'write the lexer',
    memoryRef: 'branch-7',
    data: { note: 'mine', at_turn_end: { files: ['lexer.ts'], open_tasks: ['write the tests'] } },
  });
});

test('data of the model that is no object stays as it is', () => {
  const state = { lastMessage: null, files: ['lexer.ts'], openTasks: [] };

  expect(turnCheckpoint({ ...BEFORE, data: [1, 2] }, state)).toBeNull();
  expect(turnCheckpoint({ ...BEFORE, data: null }, state)?.data).toEqual({ at_turn_end: { files: ['lexer.ts'] } });
});

test('what the host saw is left out where it does not fit beside the data of the model', () => {
  const data = { text: 'a'.repeat(LIMITS.context_bytes_max - 10_000) };

  expect(turnCheckpoint({ ...BEFORE, data }, { lastMessage: 'x', files: ['lexer.ts'], openTasks: [] })).toMatchObject({
    lastAction: 'x',
    data,
  });
});

test('what no store takes is replaced, wherever the host wrote it down', () => {
  const [broken, whole] = ['a\0b\uD83C', 'a\uFFFDb\uFFFD'];
  const input = { file_path: broken, todos: [{ content: broken }] };
  const entry = { role: 'assistant', content: broken, toolCalls: [{ name: 'Write', input }] };

  expect(workState([entry], null)).toEqual({ lastMessage: whole, files: [whole], openTasks: [whole] });
  expect(workState([], broken).lastMessage).toBe(whole);
});

test('a turn that says nothing new is not saved', () => {
  expect(turnCheckpoint(BEFORE, { lastMessage: 'began', files: [], openTasks: [] })).toBeNull();
  expect(turnCheckpoint(null, { lastMessage: ' ', files: [], openTasks: [] })).toBeNull();
});
