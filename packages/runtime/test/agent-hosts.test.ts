/*
 * Which process is the host, on real processes:
 *  - a server and a hook of one host find the same process, whichever comes first, and through a shell
 *  - it is the host itself, not the launcher that started it, nor a host above
 *  - what a hook tells is known to the server, and a new conversation of the process changes nothing else
 *  - two hosts in one folder are two
 *  - it is not a wrapper that starts the server for it, such as npx, pnpm or the shim of a version manager
 *  - a known program gives the host its name
 *  - of two programs that name the agent at the same moment, one decides, and neither loses what the other told
 *  - the folder of a dead host that cannot be removed is in the way of no other host
 *  - what is known of hosts of another view of the processes is removed when it is a week old
 *  - a command in a sandbox, which sees no host above it, finds its agent by the variables that the host has set
 *  - the default name of an agent is one for each host, machine and worktree
 */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { agentOfHost, type CallerIdentity, type HostFacts, type RegisteredHost } from '../src/index.ts';
import { agentOfMarks, noteConversation } from '../src/processes/conversations.ts';
import { writeFacts } from '../src/processes/host-facts.ts';
import { here } from '../src/processes/host-registry.ts';

interface Registered {
  readonly host: RegisteredHost;
  readonly caller: CallerIdentity & { readonly conversation?: string | null };
}
type SeenInHost = Readonly<Record<'server' | 'hook' | 'afterClear', Registered>> & { readonly pid: number };

const at = (name: string) => fileURLToPath(new URL(`programs/${name}`, import.meta.url));

/** Starts a launcher of a host in a folder. @returns what the programs of the host saw */
async function startHost(home: string, program: string, ...words: readonly string[]): Promise<SeenInHost> {
  const launcher = spawn(
    process.execPath,
    [at('host-launcher.mjs'), program, at('host.mjs'), at('in-host.ts'), ...words],
    {
      env: { PATH: process.env['PATH'], HOME: home },
      stdio: ['ignore', 'pipe', 'inherit'],
      // Root may remove everything.
      ...(process.getuid?.() === 0 && { uid: 65_534, gid: 65_534 }),
    },
  );
  return JSON.parse(await text(launcher.stdout)) as SeenInHost;
}

function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'agent-hosts-'));
  chmodSync(home, 0o777);
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

test.skipIf(process.platform !== 'linux')(
  'server and hook find the host itself, by name and conversation',
  async () => {
    const home = temporaryHome();
    const claude = join(home, 'claude');
    symlinkSync(process.execPath, claude);

    const [one, two] = await Promise.all([startHost(home, claude), startHost(home, process.execPath, 'alone')]);

    for (const { host } of [one.server, one.hook, one.afterClear]) expect(host.process.pid).toBe(one.pid);
    expect(one.server.host).toMatchObject({ name: 'claude-code', agent: null, conversation: null });
    expect(one.hook.host).toMatchObject({ name: 'claude-code', agent: 'company-agent', conversation: 'talk-1' });
    expect(one.hook.caller).toMatchObject({ by: 'host', agent: 'company-agent', conversation: 'talk-1' });
    expect(one.afterClear.caller).toMatchObject({ by: 'host', agent: 'company-agent', conversation: 'talk-2' });
    expect(one.afterClear.host.folder).toBe(one.server.host.folder);
    expect(two.server.host.process.pid).toBe(two.pid);
    expect(two.server.host.folder).not.toBe(one.server.host.folder);

    // Both are dead now; what is known of them cannot be removed.
    const { folder } = one.server.host;
    chmodSync(folder, 0o555);
    if (process.getuid?.() === 0) chownSync(folder, 0, 0);
    // Those of another view of the processes, such as a container with the same home, cannot be judged.
    const [fresh, old] = [otherView(folder, 'fresh', 0), otherView(folder, 'old', 8)];
    const wrapped = await startHost(home, process.execPath, 'alone', at('wrapper.mjs'));

    expect(wrapped.server.host.process.pid).toBe(wrapped.pid);
    expect([existsSync(folder), existsSync(two.server.host.folder)]).toEqual([true, false]);
    expect([existsSync(fresh), existsSync(old)]).toEqual([true, false]);
  },
);

function otherView(beside: string, name: string, days: number): string {
  const folder = join(beside, '..', name);
  const file = join(folder, 'process.json');
  const changedAt = Date.now() / 1_000 - days * 86_400;
  mkdirSync(folder);
  writeFileSync(file, JSON.stringify({ host: 'elsewhere', boot: 'b', pid: 1, start: '2' }));
  for (const path of [file, folder]) {
    utimesSync(path, changedAt, changedAt);
    if (process.getuid?.() === 0) chownSync(path, 65_534, 65_534);
  }
  return folder;
}

test('programs of a host that tell what they know at the same moment lose nothing of it', () => {
  const folder = temporaryHome();
  const process = { host: 'h', boot: 'b', pid: 1, start: '2' };
  const tell = (told: Partial<HostFacts>, settled: Partial<HostFacts> = {}) =>
    writeFacts(folder, process, { told, settled });
  const hook = { conversation: 'talk', transcript: '/talk.jsonl' };

  // The server begins to write while a hook writes all that it knows.
  const server = {
    get agent() {
      tell(hook, { name: 'codex', agent: 'of the hook' });
      return 'of the server';
    },
  };
  const known = tell({}, server);

  expect(known).toEqual({ ...hook, name: 'codex', agent: 'of the hook' });
});

test('the default name of an agent is one for each host, machine and worktree', () => {
  const home = temporaryHome();
  const [parser, other] = [join(home, 'a', 'parser'), join(home, 'b', 'parser')];
  for (const folder of [join(parser, '.git'), join(parser, 'src'), join(other, '.git')])
    mkdirSync(folder, { recursive: true });

  const name = agentOfHost('codex', parser);

  expect(name).toMatch(new RegExp(`^codex@${hostname()}\\+parser-[0-9a-f]{4}$`, 'u'));
  expect(agentOfHost('codex', join(parser, 'src'))).toBe(name);
  expect(agentOfHost('codex', other)).not.toBe(name);
  expect(agentOfHost('claude-code', parser)).not.toBe(name);
});

test('a command that sees no host above it finds its agent by what the host has set for it', () => {
  const home = temporaryHome();
  vi.stubEnv('OPENCLAW_STATE_DIR', home);
  onTestFinished(() => void vi.unstubAllEnvs());
  const register = (
    name: string,
    agent: string,
    conversation: string | null,
    where = { host: 'h', boot: 'b' },
  ): string => {
    const folder = join(home, 'hosts', agent);
    mkdirSync(folder, { recursive: true });
    const process = { ...where, pid: 7, start: '8' };
    writeFacts(folder, process, { settled: { name }, told: { agent, conversation } });
    return folder;
  };
  const codex = register('codex', 'codex@laptop', 'told-last');
  noteConversation(codex, { id: 'told-before', transcript: null });
  register('claude-code', 'claude-code@laptop', 'talk');
  register('gemini-cli', 'gemini-cli@elsewhere', null);

  const agents = ['told-last', 'told-before', 'other', ''].map((CODEX_THREAD_ID) => agentOfMarks({ CODEX_THREAD_ID }));
  const CLAUDE_CODE_SESSION_ID = 'talk';
  const inClaude = agentOfMarks({ CLAUDECODE: '1', CLAUDE_CODE_SESSION_ID });
  const inBoth = agentOfMarks({ CLAUDE_CODE_SESSION_ID, CODEX_THREAD_ID: 'told-last' });
  const ofAnotherWorktree = agentOfMarks({ GEMINI_CLI: '1' });
  const ofAnotherHost = agentOfMarks({ CODEX_THREAD_ID: 'talk' });
  // A person has inherited it outside of any sandbox.
  register('openclaw', agentOfHost('openclaw'), null, here());
  const inherited = agentOfMarks({ OPENCLAW_SHELL: '1' });
  register('gemini-cli', agentOfHost('gemini-cli'), null, { ...here(), host: 'h' });

  expect(agents).toEqual(['codex@laptop', 'codex@laptop', null, null]);
  expect([ofAnotherHost, inherited]).toEqual([null, null]);
  expect([inClaude, inBoth, ofAnotherWorktree]).toEqual(['claude-code@laptop', null, null]);
  expect(agentOfMarks({ GEMINI_CLI: '1' })).toBe(agentOfHost('gemini-cli'));
});
