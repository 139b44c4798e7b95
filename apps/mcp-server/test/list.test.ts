/*
 * What the tools cost a model:
 *  - the agent's list is at most 1,000 tokens, with all that the server sends, and has at most nine tools
 *  - a usual answer is at most 150 tokens
 *  - names are short enough for every host, and say nothing of the server
 *  - every schema is a plain object, without what hosts drop
 *  - every tool tells whether it changes anything
 *  - the same list every time
 */
import { encode as cl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { encode as o200k } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { AgentHost, Machine } from './support/agent-host.ts';
import { Workplace } from './support/workplace.ts';

const LIST_TOKENS_MAX = 1_000;
const ANSWER_TOKENS_MAX = 150;
const TOOLS_MAX = 9;
/** Gemini CLI's `mcp_orchestrator_…` and OpenClaw's `orchestrator__…` take at most 63 and 64 characters. */
const NAME_MAX = 24;

/** As many tokens as Gemini CLI 0.61 has in the description of its field. */
const GEMINI_WORDS = 'wait '.repeat(45).trim();

/** No two tokenizers agree. */
const tokensIn = (text: string): number => Math.max(o200k(text).length, cl100k(text).length);

async function listOf(profile: string) {
  using machine = new Machine();
  await using host = await AgentHost.start(machine, { words: ['--profile', profile] });
  return (await host.client.listTools()).tools;
}

const lists = { agent: await listOf('agent'), operator: await listOf('operator') };

describe('the list', () => {
  test('of the agent is at most 1,000 tokens, and has at most nine tools', () => {
    const tokens = Object.entries(lists).map(([profile, tools]) => [
      profile,
      tools.length,
      tokensIn(JSON.stringify(tools)),
    ]);
    for (const [profile, tools, count] of tokens) console.info(`${profile}: ${tools} tools, ${count} tokens`);

    expect(lists.agent.length).toBeLessThanOrEqual(TOOLS_MAX);
    expect(tokensIn(JSON.stringify(lists.agent))).toBeLessThanOrEqual(LIST_TOKENS_MAX);
  });

  test('is at most 1,000 tokens in Gemini CLI, too, which adds a field to the input of each tool', () => {
    const sent = lists.agent.map(({ name, description, inputSchema }) => ({
      name: `mcp_orchestrator_${name}`,
      description,
      parametersJsonSchema: {
        ...inputSchema,
        properties: { ...inputSchema.properties, wait_for_previous: { type: 'boolean', description: GEMINI_WORDS } },
      },
    }));
    console.info(`in Gemini CLI: ${tokensIn(JSON.stringify(sent))} tokens`);

    expect(tokensIn(JSON.stringify(sent))).toBeLessThanOrEqual(LIST_TOKENS_MAX);
  });

  test('has names that every host takes', () => {
    const names = lists.operator.map(({ name }) => name);

    expect(names.filter((name) => !/^[a-z]+(?:_[a-z]+)*$/u.test(name) || name.length > NAME_MAX)).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('has schemas that are plain objects, without what hosts drop', () => {
    for (const { name, inputSchema } of lists.operator) {
      const keys = Object.keys(inputSchema).filter((key) => key !== 'required');
      expect([name, keys.toSorted()]).toEqual([name, ['properties', 'type']]);
      expect([name, inputSchema.type]).toEqual([name, 'object']);
      const types = Object.values(inputSchema.properties ?? {}).map((property) => (property as { type?: string }).type);
      expect([name, types.includes(undefined)]).toEqual([name, false]);
    }
  });

  test('tells of every tool whether it changes anything, or ends the work of others', () => {
    const hints = Object.fromEntries(lists.operator.map(({ name, annotations }) => [name, annotations]));

    for (const hint of Object.values(hints))
      expect(hint).toMatchObject({ readOnlyHint: expect.any(Boolean), destructiveHint: expect.any(Boolean) });
    expect(hints['task_status']).toMatchObject({ readOnlyHint: true });
    expect(hints['claim_task']).toMatchObject({ readOnlyHint: false, destructiveHint: false });
  });

  test('is the same every time', async () => {
    expect(JSON.stringify(await listOf('agent'))).toBe(JSON.stringify(lists.agent));
  });
});

test('a usual answer is at most 150 tokens', async () => {
  await using work = new Workplace();
  const payload = { file: 'packages/core/src/parser.ts', issue: 42, goal: 'accept comments in the grammar' };
  const saved = {
    last_action: 'read the grammar and its tests',
    next_action: 'write the lexer for comments, then run the tests of the parser',
    memory_ref: 'notes/parser.md',
  };
  const said = [
    await work.call('enqueue_task', { title: 'Accept comments in the parser of the configuration', payload }),
    await work.call('enqueue_task', { title: 'Write the release notes', kind: 'docs' }),
    await work.call('claim_task'),
    await work.call('checkpoint', saved),
    await work.call('resume'),
    await work.call('task_status'),
    await work.call('task_status', { task: 't2' }),
    await work.call('checkpoint', { task: 't9' }),
    await work.call('release_task', { outcome: 'failed', error: 'the grammar is ambiguous' }),
    await work.call('release_task', { outcome: 'succeeded' }),
    await work.call('claim_task', { kind: 'review' }),
  ];

  const tokens = said.map(({ text }) => tokensIn(text));
  console.info(`answers: ${tokens.join(', ')} tokens`);
  expect(said.filter(({ text }) => tokensIn(text) > ANSWER_TOKENS_MAX).map(({ text }) => text)).toEqual([]);
});
