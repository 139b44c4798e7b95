/*
 * Who is asking:
 *  - what `run` set comes first, then the nearest registered host among the ancestors, then the shell
 *  - a token alone is enough; what is no token is not what `run` set
 *  - a host that is no longer registered is no host; of two, the nearest counts
 *  - the ancestors are those of the process, however many are between; the process of the host is the same one
 *  - with a token only its lease is the caller's own; elsewhere both must name the same run of the same agent
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { callerIdentity, isHeldByCaller, ownProcess, registerAgentHost, type Ancestor } from '../src/index.ts';
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

function registered(...programs: string[]): void {
  for (const name of programs) {
    const takeBack = registerAgentHost({ name, isHost: ({ program }) => program === name });
    onTestFinished(takeBack);
  }
}

test('what run set comes before a host, and a host before the shell', () => {
  registered('host-two', 'host-one');

  const [inRun, inHost] = [
    callerIdentity({ agent: 'b', env: OF_RUN, ancestors }),
    callerIdentity({ agent: 'b', env: {}, ancestors }),
  ];
  const inShell = callerIdentity({ agent: 'b', instance: 'j', env: {}, ancestors: () => [SHELL] });

  expect(inRun).toEqual({ by: 'run', agent: 'a', instance: 'i', fence: 77, sessionId: 's' });
  expect(inHost).toEqual({ by: 'host', agent: 'b', instance: null, host: 'host-one', process: HOST });
  expect(inShell).toEqual({ by: 'shell', agent: 'b', instance: 'j', process: SHELL });
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
  { ...OF_RUN, ORCHESTRATOR_TOKEN: 'no-token' },
  { ...OF_RUN, ORCHESTRATOR_TOKEN: '77' },
])('without a token nothing was set by run: %j', (env) => {
  expect(callerIdentity({ env, ancestors }).by).toBe('shell');
});

test.for([undefined, ''])('a token alone names the lease: agent %j', (agent) => {
  const { ORCHESTRATOR_TOKEN } = OF_RUN;

  const caller = callerIdentity({ agent: 'b', env: { ORCHESTRATOR_TOKEN, ORCHESTRATOR_AGENT: agent }, ancestors });

  expect(caller).toEqual({ by: 'run', agent: null, instance: null, fence: 77, sessionId: null });
  expect(isHeldByCaller(caller, { agent: 'a', instance: 'i', fence: 77 })).toBe(true);
  expect(isHeldByCaller(caller, { agent: 'b', instance: null, fence: 78 })).toBe(false);
});

test('a host that is no longer registered is no host', () => {
  const takeBack = registerAgentHost({ name: 'host-one', isHost: ({ pid }) => pid === 11 });
  const before = callerIdentity({ env: {}, ancestors }).by;

  takeBack();

  expect([before, callerIdentity({ env: {}, ancestors }).by]).toEqual(['host', 'shell']);
});

test.skipIf(process.platform !== 'linux')('the ancestors are those of the process, through shells', () => {
  const program = fileURLToPath(new URL('programs/caller.ts', import.meta.url));
  const words = [process.execPath, '--conditions=@agent-orchestrator/source', program, String(process.pid)];
  const line = words.map((word) => `'${word}'`).join(' ');

  // The last command of a shell replaces it; `true` behind it keeps both shells alive.
  const { stdout, stderr } = spawnSync('sh', ['-c', `sh -c "${line}; true"; true`], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });

  expect(stderr).toBe('');
  const seen = JSON.parse(stdout) as Record<'inShell' | 'processOfShell', { process: object; pid: number }>;
  expect(seen).toMatchObject({
    processOfHost: ownProcess(),
    processOfShell: { pid: (seen.inShell.process as { pid: number }).pid },
    inHost: { by: 'host', host: 'the test', process: { pid: process.pid } },
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

test('without a caller nothing is its own', () => {
  expect(isHeldByCaller(null, { agent: 'a', fence: 1 })).toBe(false);
});
