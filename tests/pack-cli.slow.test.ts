/*
 * The self-contained tarball of the command line (`npm run pack:cli`), on each Node at hand:
 *  - `npm install --global FILE` installs it in an empty folder, without a network, without install scripts
 *  - what it installs takes a task from its creation to its claim, serves the tools to an agent host, plays the demo
 *  - what it installs keeps the commands of `run` under a keeper, on Linux
 *  - a Node that is too old is told so, and nothing else happens
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noClaimEnv } from '../apps/cli/src/views/no-claim-env.ts';
import { hostPath, root } from './support/readme.ts';

const call = promisify(execFile);

interface Node {
  readonly version: string;
  readonly path: string;
}

interface Ended {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Windows has no links to a program that work by another name, and its npm is a .cmd file. */
const canTry = process.platform !== 'win32';
const nodes = canTry ? await nodesAtHand() : [];
/** The whole of a command that has to be waited for on a busy machine. */
const TIMEOUT_MS = 120_000;

let folder = '';
let tarball = '';

beforeAll(async () => {
  if (!canTry) return;
  folder = await mkdtemp(join(tmpdir(), 'pack-cli-'));
  const { stdout } = await call(process.execPath, [join(root, 'scripts/pack-cli.mjs'), folder]);
  tarball = stdout.trim();
}, TIMEOUT_MS);

afterAll(() => rm(folder, { recursive: true, force: true }));

test.runIf(canTry)('one of the Nodes at hand is new enough', () => {
  expect(nodes.filter((node) => !isOld(node))).not.toEqual([]);
});

describe.each(nodes.filter((node) => !isOld(node)))('on Node $version', (node) => {
  const installed = installedBy(node);

  test('it installs without a network and without install scripts', () => {
    expect(installed()).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^\s*added 1 package/u) });
  });

  test(
    'it takes a task from its creation to its claim',
    async () => {
      const said = await run(node, 'orchestrator', '--version');
      const created = await run(node, 'orchestrator', 'task', 'create', 'Write the report');
      const waiting = await run(node, 'orchestrator', 'status');
      const claimed = await run(node, 'orchestrator', 'claim', '--agent', 'company-agent', '--json');
      const running = await run(node, 'orchestrator', 'status');

      expect(said.stdout).toMatch(/^\d+\.\d+\.\d+\n$/u);
      expect(created.stdout).toMatch(/queued .*Write the report/u);
      expect(waiting.stdout).toMatch(/queued 1 /u);
      expect(JSON.parse(claimed.stdout)).toMatchObject({
        kind: 'claim',
        data: { task: { title: 'Write the report', status: 'running' }, lease: { agent: 'company-agent' } },
      });
      expect(running.stdout).toMatch(/running 1 /u);
      expect([said, created, waiting, claimed, running].map(({ exit }) => exit)).toEqual([0, 0, 0, 0, 0]);
      expect(existsSync(join(homeOf(node), '.openclaw/data/orchestrator.db'))).toBe(true);
    },
    TIMEOUT_MS,
  );

  test.runIf(process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch))(
    'its keeper can be executed',
    async () => {
      const { stdout } = await run(node, 'orchestrator', 'doctor');

      expect(stdout).toContain('`run` keeps all that its command starts');
    },
    TIMEOUT_MS,
  );

  test(
    'it serves the tools to an agent host',
    async () => {
      const { stdin, stdout, promise } = serving(node);
      const clientInfo = { name: 'host', version: '1' };
      const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo };
      stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
      const [answer] = (await once(createInterface({ input: stdout }), 'line')) as [string];
      stdin.end();

      expect(JSON.parse(answer)).toMatchObject({ id: 1, result: { serverInfo: { name: 'orchestrator' } } });
      expect(await promise).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    'it plays the demo',
    async () => {
      const { exit, stdout } = await run(node, 'orchestrator', 'demo');

      expect(stdout).toContain('files done twice: 0');
      expect(exit).toBe(0);
    },
    TIMEOUT_MS,
  );
});

describe.each(nodes.filter(isOld))('on Node $version, which is too old', (node) => {
  const installed = installedBy(node);

  test('it installs all the same', () => {
    expect(installed()).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^\s*added 1 package/u) });
  });

  test.each([['--version'], ['status'], ['task', 'create', 'Write the report']])(
    '%s says which Node it takes, and does nothing',
    async (...words) => {
      const message = `orchestrator: needs Node 22.22 or later, this is Node ${node.version}.\n`;

      expect(await run(node, 'orchestrator', ...words)).toEqual({ exit: 78, stdout: '', stderr: message });
      expect(existsSync(join(homeOf(node), '.openclaw'))).toBe(false);
    },
  );

  const DOCUMENT = {
    schema_version: 1,
    kind: 'error',
    error: {
      code: 'NODE_TOO_OLD',
      exit: 78,
      message: `The orchestrator needs Node 22.22 or later, this is Node ${node.version}.`,
      retryable: false,
    },
  };

  test.each([
    ['status', '--json'],
    ['run', '--json', '--', 'true'],
    ['events', '--follow', '--jsonl'],
  ])('%s %s answers one document', async (...words) => {
    const { exit, stdout, stderr } = await run(node, 'orchestrator', ...words);

    expect([exit, stderr, JSON.parse(stdout)]).toEqual([78, '', DOCUMENT]);
    expect(stdout.split('\n')).toHaveLength(2);
  });

  test('the words of the command of run ask for nothing', async () => {
    expect(await run(node, 'orchestrator', 'run', '--', 'tool', '--json')).toMatchObject({ exit: 78, stdout: '' });
  });

  test('claim --env removes what an earlier claim has set', async () => {
    const { exit, stdout } = await run(node, 'orchestrator', 'claim', '--env');

    expect([exit, stdout]).toEqual([78, `${noClaimEnv(78).join('\n')}\n`]);
  });
});

/** Installs it before the tests of this Node; what npm said. */
function installedBy(node: Node): () => Ended | undefined {
  let ended: Ended | undefined;
  beforeAll(async () => {
    for (const name of ['bin', 'home']) await mkdir(join(folder, node.version, name), { recursive: true });
    await symlink(node.path, join(folder, node.version, 'bin', 'node'));
    const words = ['install', '--global', '--prefix', prefixOf(node), '--offline', '--ignore-scripts', tarball];
    ended = await run(node, 'npm', ...words);
  }, TIMEOUT_MS);
  return () => ended;
}

const homeOf = ({ version }: Node): string => join(folder, version, 'home');
const prefixOf = ({ version }: Node): string => join(folder, version, 'prefix');

function environmentOf(node: Node) {
  return {
    HOME: homeOf(node),
    PATH: [join(prefixOf(node), 'bin'), join(folder, node.version, 'bin'), hostPath()].join(delimiter),
    NO_COLOR: '1',
    // Nothing answers there.
    npm_config_registry: 'http://127.0.0.1:9/',
  };
}

/** In an empty folder, with an empty HOME and no settings, and this Node first on the PATH. */
async function run(node: Node, command: string, ...words: string[]): Promise<Ended> {
  return call(command, words, { cwd: homeOf(node), env: environmentOf(node), timeout: TIMEOUT_MS }).then(
    (said) => ({ exit: 0, ...said }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ exit: code, stdout, stderr }),
  );
}

/** The server of the tools as a process, and its exit code. */
function serving(node: Node) {
  const program = join(prefixOf(node), 'bin', 'orchestrator');
  const child = spawn(program, ['mcp', 'serve'], { cwd: homeOf(node), env: environmentOf(node) });
  return { stdin: child.stdin, stdout: child.stdout, promise: once(child, 'close').then(([exit]) => exit as number) };
}

function isOld({ version }: Node): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 22 || (major === 22 && minor < 22);
}

/** The Node of this test, and the one of the host's shell; `ORCHESTRATOR_TEST_NODES` names more, by their paths. */
async function nodesAtHand(): Promise<Node[]> {
  const named = (process.env['ORCHESTRATOR_TEST_NODES'] ?? '').split(delimiter).filter((path) => path !== '');
  const host = hostPath()
    .split(delimiter)
    .map((path) => join(path, 'node'))
    .find((path) => existsSync(path));
  const found = new Map<string, Node>();
  for (const path of [process.execPath, ...(host === undefined ? [] : [host]), ...named]) {
    const version = (await call(path, ['--version'])).stdout.trim().slice(1);
    found.set(version, { version, path: await realpath(path) });
  }
  return [...found.values()];
}
