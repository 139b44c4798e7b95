/*
 * Who is asking:
 *  - what `run` set comes first, then the nearest registered host among the ancestors, then the shell
 *  - a token alone is enough; what is no token is not what `run` set
 *  - of two hosts, the nearest counts; its agent is the default, and the conversation that the call names comes first
 *  - the ancestors are those of the process, however many are between; the process of the host is the same one
 *  - with a token only its lease is the caller's own, and in a host what its process holds; elsewhere both must name
 *    the same run of the same agent
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { callerIdentity, isHeldByCaller, ownProcess, type Ancestor } from '../src/index.ts';
import { defaultAgent } from '../src/system/default-agent.ts';

const OF_RUN = {
  ORCHESTRATOR_TOKEN: `77-${'0f'.repeat(16)}`,
  ORCHESTRATOR_AGENT: 'a',
  ORCHESTRATOR_INSTANCE: 'i',
  ORCHESTRATOR_SESSION: 's',
};
const SHELL: Ancestor = { pid: 12, start: '120', program: 'bash' };
const HOST: Ancestor = { pid: 11, start: '110', program: 'host-one' };
const OUTER: Ancestor = { pid: 10, start: '100', program: 'host-two' };
const ancestors = () => [SHELL, HOST, OUTER];

/** These programs are registered hosts, in which an agent lives. */
const hosts =
  (...programs: string[]) =>
  ({ program: name }: Ancestor) =>
    programs.includes(name) ? { name, agent: 'inhabitant', conversation: 'talk-1', folder: '/nowhere' } : null;

test('what run set comes before a host, and a host before the shell', () => {
  const registered = hosts('host-two', 'host-one');

  const [inRun, inHost] = [
    callerIdentity({ agent: 'b', env: OF_RUN, ancestors, registered }),
    callerIdentity({ agent: 'b', env: {}, ancestors, registered }),
  ];
  const inShell = callerIdentity({ agent: 'b', instance: 'j', env: {}, ancestors: () => [SHELL], registered });

  expect(inRun).toEqual({ by: 'run', agent: 'a', instance: 'i', fence: 77, sessionId: 's' });
  const host = { host: 'host-one', process: HOST, conversation: 'talk-1', fences: [] };
  expect(inHost).toEqual({ by: 'host', agent: 'b', instance: null, ...host });
  expect(inShell).toEqual({ by: 'shell', agent: 'b', instance: 'j', process: SHELL });
});

test('without a name of its own it is the agent of the host; the conversation of the call counts', () => {
  const caller = callerIdentity({ env: {}, ancestors, registered: hosts('host-two'), conversation: 'talk-2' });

  expect(caller).toMatchObject({ by: 'host', agent: 'inhabitant', process: OUTER, conversation: 'talk-2' });
});

test('a shell that names no agent is the user at this machine', () => {
  expect(callerIdentity({ env: {}, ancestors: () => [] })).toEqual({
    by: 'shell',
    agent: defaultAgent(),
    instance: null,
    process: null,
  });
});

test.for([
  { ...OF_RUN, ORCHESTRATOR_TOKEN: undefined },
  { ...OF_RUN, ORCHESTRATOR_TOKEN: '' },
  { ...OF_RUN, ORCHESTRATOR_TOKEN: 'no-token' },
  { ...OF_RUN, ORCHESTRATOR_TOKEN: '77' },
])('without a token nothing was set by run: %j', (env) => {
  expect(callerIdentity({ env, ancestors, registered: hosts() }).by).toBe('shell');
});

test.for([undefined, ''])('a token alone names the lease: agent %j', (agent) => {
  const { ORCHESTRATOR_TOKEN } = OF_RUN;

  const caller = callerIdentity({ agent: 'b', env: { ORCHESTRATOR_TOKEN, ORCHESTRATOR_AGENT: agent }, ancestors });

  expect(caller).toEqual({ by: 'run', agent: null, instance: null, fence: 77, sessionId: null });
  expect(isHeldByCaller(caller, { agent: 'a', instance: 'i', fence: 77 })).toBe(true);
  expect(isHeldByCaller(caller, { agent: 'b', instance: null, fence: 78 })).toBe(false);
});

test.skipIf(process.platform !== 'linux')('the ancestors are those of the process, through shells', () => {
  const home = mkdtempSync(join(tmpdir(), 'caller-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const program = fileURLToPath(new URL('programs/caller.ts', import.meta.url));
  const words = [process.execPath, '--conditions=@agent-orchestrator/source', program];
  const line = words.map((word) => `'${word}'`).join(' ');

  // The last command of a shell replaces it; `true` behind it keeps both shells alive.
  const { stdout, stderr } = spawnSync('sh', ['-c', `sh -c "${line}; true"; true`], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: home },
  });

  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({
    host: ownProcess(),
    inHost: { by: 'host', host: 'the test', process: { pid: process.pid }, conversation: 'talk' },
    inShell: { by: 'shell', process: { program: expect.stringMatching(/sh$/) } },
  });
});

test.for([
  ['the lease of the run', { agent: 'a', instance: 'i', fence: 77 }, true],
  ['another run of the agent', { agent: 'a', instance: 'i', fence: 78 }, false],
  ['another agent with the same fence, in another store', { agent: 'b', instance: 'i', fence: 77 }, false],
  ['an event without a fence', { agent: 'a', instance: 'i', fence: null }, false],
] as const)('within a run, its own is only the lease of the run: %s', ([_what, lease, expected]) => {
  expect(isHeldByCaller(callerIdentity({ env: OF_RUN }), lease)).toBe(expected);
});

test.for([
  ['i', { agent: 'a', instance: 'i', fence: 1 }, true],
  ['i', { agent: 'a', instance: 'x', fence: 1 }, false],
  ['i', { agent: 'b', instance: 'i', fence: 1 }, false],
  ['i', { agent: 'a', instance: null, fence: 1 }, false],
  [null, { agent: 'a', instance: 'i', fence: 1 }, false],
  [null, { agent: 'a', instance: null, fence: 1 }, false],
  [null, { agent: null, instance: null, fence: null }, false],
] as const)('without a token both name the same run: instance %s, lease %j', ([instance, lease, expected]) => {
  const caller = callerIdentity({ agent: 'a', instance, env: {}, ancestors });

  expect(isHeldByCaller(caller, lease)).toBe(expected);
});

test('in a host, its own is what the process of the host holds', () => {
  const folder = mkdtempSync(join(tmpdir(), 'caller-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'holdings', 'leases'), { recursive: true });
  writeFileSync(join(folder, 'holdings', 'leases', '77.json'), '');
  const registered = () => ({ name: 'codex', agent: 'a', conversation: null, folder });

  const caller = callerIdentity({ env: {}, ancestors, registered });

  expect([77, 78, null].map((fence) => isHeldByCaller(caller, { agent: 'a', fence }))).toEqual([true, false, false]);
});

test('without a caller nothing is its own', () => {
  expect(isHeldByCaller(null, { agent: 'a', fence: 1 })).toBe(false);
});
