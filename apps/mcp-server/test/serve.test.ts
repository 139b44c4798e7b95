/*
 * The server as hosts start it, over standard input and output:
 *  - it speaks both eras of the protocol, and lists the same tools in the same order in each
 *  - a task goes from its claim to its end; the log of it is whole
 *  - standard output has nothing but messages of the protocol
 *  - settings that no call could work with are refused at the start, not blamed on the model
 *  - with the operator's profile it has the operator's tools, marked where only a person may use them
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { AgentHost, ERAS, Machine, PROGRAM, until, type Era } from './support/agent-host.ts';

const TOKEN = /\d{16}-[0-9a-f]{32}/u;
const NAMES = ['resume', 'claim_task', 'checkpoint', 'release_task', 'enqueue_task', 'task_status'];

describe.each(Object.keys(ERAS) as Era[])('in the %s era', (era) => {
  test('a task goes from its creation to its end', async () => {
    using machine = new Machine();
    await using host = await AgentHost.start(machine, { era });

    const { tools } = await host.client.listTools();
    const texts = [
      await host.call('enqueue_task', { title: 'Write the parser' }),
      await host.call('claim_task'),
      await host.call('checkpoint', { next_action: 'write the lexer' }),
      await host.call('resume'),
      await host.call('task_status'),
      await host.call('release_task', { outcome: 'succeeded', result: { lines: 3 } }),
    ];

    expect(host.client.getProtocolEra()).toBe(era);
    expect(tools.map(({ name }) => name)).toEqual(NAMES);
    expect(texts.map(({ lines }) => lines[0])).toEqual([
      'Added t1, queued. You hold no task.',
      expect.stringMatching(/^You hold t1 until /u),
      expect.stringMatching(/^Saved as checkpoint 1 of t1/u),
      expect.stringMatching(/^You hold t1 until /u),
      expect.stringMatching(/^You hold t1 until /u),
      't1 was released as succeeded and is succeeded. You hold no task. Next: claim_task.',
    ]);
    expect(texts.filter(({ text, isError }) => isError || TOKEN.test(text))).toEqual([]);
    await machine.others(async (orchestrator) => {
      expect(await orchestrator.getTask('t1')).toMatchObject({ status: 'succeeded', author: 'company-agent' });
      expect(await orchestrator.verify()).toMatchObject({ findings: [] });
    });
  });

  test('a refusal is marked as an error of the tool, not of the protocol', async () => {
    using machine = new Machine();
    await using host = await AgentHost.start(machine, { era });

    expect(await host.call('claim_task')).toMatchObject({
      isError: true,
      text: expect.stringContaining('STORE_NOT_FOUND'),
    });
    expect(await host.call('checkpoint', { nextaction: 'x' })).toMatchObject({
      isError: true,
      text: expect.stringContaining('nextaction is not a field'),
    });
  });
});

test('standard output has nothing but messages of the protocol', async () => {
  using machine = new Machine();
  const server = spawn(process.execPath, [PROGRAM, 'mcp', 'serve'], { cwd: machine.folder, env: machine.env });
  const lines: string[] = [];
  createInterface({ input: server.stdout }).on('line', (line) => lines.push(line));
  const call = (id: number, method: string, params: object) =>
    server.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);

  server.stdin.write('this is no message\n');
  const clientInfo = { name: 'x', version: '1' };
  call(1, 'initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
  call(2, 'tools/call', { name: 'claim_task', arguments: {} });
  call(3, 'tools/call', { name: 'no_such_tool', arguments: {} });
  await until(() => lines.length >= 3);
  server.stdin.end();
  const [exit] = await once(server, 'close');

  expect(exit).toBe(0);
  const ids = lines.map((line) => (JSON.parse(line) as { id: number }).id);
  expect(ids.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
});

test.for([['--json'], ['--quiet'], ['--profile', 'owner']])('%s is refused as a wrong command line', async (words) => {
  using machine = new Machine();
  const server = spawn(process.execPath, [PROGRAM, 'mcp', 'serve', ...words], {
    cwd: machine.folder,
    env: machine.env,
  });

  const [exit] = await once(server, 'close');

  expect(exit).toBe(64);
});

test.for([
  ['agent', ['--agent', 'a b'], {}],
  ['roles', ['--role', 'a b'], {}],
  ['ttlMs', [], { ORCHESTRATOR_TTL: '1ms' }],
  ['parkAfterMs', ['--park-after', '1ms'], { ORCHESTRATOR_PARK_AFTER: '1h' }],
] as const)('a value of %s that no call could work with is refused at the start', async ([field, words, env]) => {
  using machine = new Machine();
  const server = spawn(process.execPath, [PROGRAM, 'mcp', 'serve', ...words], {
    cwd: machine.folder,
    env: { ...machine.env, ...env },
  });
  let stderr = '';
  server.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));

  const [exit] = await once(server, 'close');

  expect([exit, stderr]).toEqual([64, expect.stringContaining(field)]);
});

test('with the operator’s profile it has the operator’s tools, marked where only a person may use them', async () => {
  using machine = new Machine();
  await using host = await AgentHost.start(machine, { words: ['--profile', 'operator'] });

  const { tools } = await host.client.listTools();

  const marked = tools.filter(({ _meta }) => _meta?.['anthropic/requiresUserInteraction'] === true);
  expect(tools.map(({ name }) => name)).toEqual([
    ...NAMES,
    'stale_recovery',
    'cancel_task',
    'retry_task',
    'close_session',
  ]);
  expect(marked.map(({ name }) => name)).toEqual(['cancel_task', 'close_session']);
  expect(marked.every(({ annotations }) => annotations?.destructiveHint === true)).toBe(true);
});
