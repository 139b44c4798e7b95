/*
 * The server as hosts start it, over standard input and output:
 *  - it speaks both eras of the protocol, and lists the same tools in the same order in each
 *  - a task goes from its claim to its end; the log of it is whole
 *  - standard output has nothing but messages of the protocol
 *  - settings that no call could work with are refused at the start, not blamed on the model
 *  - the leases are renewed while it lives
 *  - at the end of its input, and at a signal, it gives back what it holds, with a note, and no attempt is charged
 *  - a server that was killed: the next one of the same host takes the task back by `resume`, with its context
 *  - a host that was killed: its server gives the task back; if that was killed as well, the host's death is proved
 *  - another agent does not take the task of a host that lives, though its server was killed
 *  - a lease that was lost while the server was stopped is said before the next answer
 *  - with the operator's profile it has the operator's tools, marked where only a person may use them
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isGone } from '../../cli/test/support/running.ts';
import { AgentHost, ERAS, Machine, PROGRAM, until, type Era } from './support/agent-host.ts';

const TOKEN = /\d{16}-[0-9a-f]{32}/u;
const NAMES = ['resume', 'claim_task', 'checkpoint', 'release_task', 'enqueue_task', 'task_status'];
/** Silent for half of it, an earlier server of the same host counts as gone. */
const SHORT = { ORCHESTRATOR_TTL: '2s', ORCHESTRATOR_STALE_AFTER: '2s' };

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

describe('a lease', () => {
  test('is renewed while the server lives', async () => {
    using machine = new Machine();
    await using host = await AgentHost.start(machine, { env: SHORT });
    await host.call('enqueue_task', { title: 'a' });
    const claimed = await host.call('claim_task');

    const renewed = await machine.others((orchestrator) =>
      until(async () => {
        const session = await orchestrator.getSession('t1');
        return (session?.renewals ?? 0) > 1 ? session : null;
      }),
    );

    expect(renewed).toMatchObject({ status: 'running', agent: 'company-agent', ttlMs: 2_000 });
    const until1 = /until (\S+Z)/u.exec(claimed.text)?.[1] ?? '';
    expect(renewed.leaseExpiresAt).toBeGreaterThan(Date.parse(until1));
  });

  test('that was lost while the server was stopped is said before the next answer', async () => {
    using machine = new Machine();
    await using host = await AgentHost.start(machine, { env: SHORT });
    await host.call('enqueue_task', { title: 'a' });
    await host.call('claim_task');
    process.kill(host.server, 'SIGSTOP');
    await machine.others((orchestrator) =>
      until(async () => (await orchestrator.claimTask({ agent: 'home-agent' })).ok, 20_000),
    );
    process.kill(host.server, 'SIGCONT');

    const seen = await until(async () => {
      const answer = await host.call('task_status');
      return answer.text.includes('no longer') ? answer : null;
    });

    expect(seen.lines[0]).toMatch(
      /^You no longer hold t1: \S+ at \S+Z; home-agent holds its session now\. Stop that work\.$/u,
    );
    expect(seen.lines[1]).toMatch(/^You hold no task\./u);
    expect((await host.call('task_status')).text).not.toContain('no longer');
  });
});

describe('at its end it gives back what it holds', () => {
  const givenBack = { status: 'queued', attempt: 0, note: expect.stringContaining('host of company-agent ended') };

  test('when its input ends', async () => {
    using machine = new Machine();
    await using host = await AgentHost.start(machine);
    await host.call('enqueue_task', { title: 'a' });
    await host.call('enqueue_task', { title: 'b' });
    await host.call('claim_task');
    await host.call('checkpoint', { next_action: 'write the lexer' });
    await host.call('claim_task');

    await host.client.close();

    await machine.others(async (orchestrator) => {
      for (const id of ['t1', 't2']) expect(await orchestrator.getTask(id)).toMatchObject(givenBack);
      expect((await orchestrator.getSession('t1'))?.context).toMatchObject({ nextAction: 'write the lexer' });
    });
    expect(host.stderr).toContain('gave back t1 and t2');
  });

  test('and the note of a hand-off is kept in its own, however often hosts end', async () => {
    using machine = new Machine();
    await machine.others(async (orchestrator) => {
      await orchestrator.enqueueTask({ title: 'a' });
      const claimed = await orchestrator.claimTask({ agent: 'home-agent' });
      if (!claimed.ok) throw new Error(claimed.reason);
      const { token } = claimed.lease;
      const to = { agent: 'company-agent' };
      await orchestrator.releaseTask({ token, outcome: 'handed_off', to, note: 'begin with the lexer' });
    });
    const notes: string[] = [];
    for (const name of ['claim_task', 'resume']) {
      await using host = await AgentHost.start(machine);
      const { lines } = await host.call(name);
      notes.push(lines.find((line) => line.startsWith('note ')) ?? '');
    }

    const kept = 'The host of company-agent ended before the task was done. Its last checkpoint, if any, is kept.';
    expect(notes).toEqual([
      'note by home-agent "begin with the lexer"',
      `note by company-agent "${kept} Note before: begin with the lexer"`,
    ]);
    await machine.others(async (orchestrator) => {
      expect((await orchestrator.getTask('t1'))?.note).toBe(`${kept} Note before: begin with the lexer`);
    });
  });

  test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('at %s', async (signal) => {
    using machine = new Machine();
    await using host = await AgentHost.start(machine);
    await host.call('enqueue_task', { title: 'a' });
    await host.call('claim_task');

    process.kill(host.server, signal);
    await until(() => isGone(host.server));

    await machine.others(async (orchestrator) => {
      expect(await orchestrator.getTask('t1')).toMatchObject(givenBack);
    });
  });

  test('the next server takes it back, with the checkpoint and the note', async () => {
    using machine = new Machine();
    await using first = await AgentHost.start(machine);
    await first.call('enqueue_task', { title: 'a' });
    await first.call('claim_task');
    await first.call('checkpoint', { next_action: 'write the lexer' });
    await first.client.close();
    await using second = await AgentHost.start(machine, { era: 'legacy' });

    const { lines } = await second.call('resume');

    expect(lines[0]).toMatch(/^You hold t1 until /u);
    expect(lines).toContain('next action "write the lexer"');
    expect(
      lines.filter((line) => line.startsWith('note by company-agent "The host of company-agent ended')),
    ).toHaveLength(1);
  });
});

describe.runIf(process.platform === 'linux')('kill -9', () => {
  test('of the server: the next one of the same host takes the task back, with its context', async () => {
    using machine = new Machine();
    await using first = await AgentHost.start(machine, { env: SHORT });
    await first.call('enqueue_task', { title: 'a' });
    await first.call('claim_task');
    await first.call('checkpoint', { next_action: 'write the lexer', data: { at: 7 } });
    process.kill(first.server, 'SIGKILL');
    await using second = await AgentHost.start(machine, { env: SHORT });

    const resumed = await second.call('resume');
    const released = await second.call('release_task', { outcome: 'succeeded' });

    expect(resumed.lines.slice(0, 2)).toEqual([
      expect.stringMatching(/^You hold t1 until /u),
      'Taken over from company-agent (resumed).',
    ]);
    expect(resumed.lines).toContain('next action "write the lexer"');
    expect(resumed.lines).toContain('data {"at":7}');
    expect(released.isError).toBe(false);
    await machine.others(async (orchestrator) => {
      expect(await orchestrator.getTask('t1')).toMatchObject({ status: 'succeeded', interruptions: 1 });
      expect(await orchestrator.verify()).toMatchObject({ findings: [] });
    });
  });

  test('of the server: another agent does not take the task of a host that lives', async () => {
    using machine = new Machine();
    await using first = await AgentHost.start(machine);
    await first.call('enqueue_task', { title: 'a' });
    await first.call('claim_task');
    process.kill(first.server, 'SIGKILL');
    await until(() => isGone(first.server));
    await using other = await AgentHost.start(machine, { env: { ORCHESTRATOR_AGENT: 'home-agent' } });

    const { text, isError } = await other.call('claim_task');

    expect([isError, text]).toEqual([false, expect.stringMatching(/^No task waits for home-agent now\./u)]);
  });

  test('of the host: its server gives the task back', async () => {
    using machine = new Machine();
    const { host, server } = await hostAtWork(machine);

    host.kill('SIGKILL');
    await until(() => isGone(server));

    await using next = await AgentHost.start(machine);
    const { lines } = await next.call('resume');
    expect(lines[0]).toMatch(/^You hold t1 until /u);
    expect(lines).toContain('next action "write the lexer"');
  });

  test('of the host and of its server: the death of the host is proved, long before the lease ends', async () => {
    using machine = new Machine();
    const { host, server } = await hostAtWork(machine);

    process.kill(server, 'SIGKILL');
    host.kill('SIGKILL');
    await until(() => isGone(server) && isGone(host.pid ?? 0));

    await using next = await AgentHost.start(machine);
    const { lines } = await next.call('resume');
    expect(lines.slice(0, 2)).toEqual([
      expect.stringMatching(/^You hold t1 until /u),
      'Taken over from company-agent (resumed).',
    ]);
    expect(lines).toContain('next action "write the lexer"');
  });
});

/** A host in a process of its own, which holds t1 and has saved a checkpoint. */
async function hostAtWork(machine: Machine) {
  await machine.others((orchestrator) => orchestrator.enqueueTask({ title: 'a' }));
  const program = fileURLToPath(new URL('programs/host.ts', import.meta.url));
  const words = ['--conditions=@agent-orchestrator/source', program, machine.folder];
  const host = spawn(process.execPath, words, { env: machine.env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: host.stdout }), 'line')) as [string];
  return { host, ...(JSON.parse(line) as { server: number; first: string }) };
}

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
