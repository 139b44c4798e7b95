/*
 * Commands that the handler of a worker starts under its lease, on real processes:
 *  - they get the lease's variables, and how they end is told
 *  - what this process found its configuration by, they find in any folder
 *  - the password of the store is in none of their variables, nor a secret of this process; its file is gone afterwards
 *  - what they leave in another session and without an environment is ended with the handler, before the release
 *  - and when the lease is lost
 *  - one of them can be ended, and the others continue
 *  - a handler whose command was stopped by a signal, shortly before its worker, has not failed; its question, and a
 *    failure that it names, are kept
 *  - a killed worker is dead only when all of it has ended; with several commands, nothing proves it
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  createWorker,
  findDeadHolders,
  openOrchestrator,
  TaskFailed,
  TaskWaiting,
  type Handler,
  type WorkerEvent,
} from '../src/index.ts';
import { canExecuteKeeper } from '../src/processes/keeper.ts';
import { readProcess } from '../src/processes/process-table.ts';
import { SECRET_VARIABLES } from '../src/system/secret-variables.ts';
import { endWithTest, killNow, startProcess, until } from './support/processes.ts';

const WHY_NOT = canExecuteKeeper() ? null : 'no keeper can be executed here';
/** Leaves its parent, its session and its environment, and tells its pid in a file. */
const LEAVES = `(setsid env -i /bin/sh -c 'echo $$ >"$0.new"; mv "$0.new" "$0"; exec sleep 100' "$KID" &)`;

describe('commands of a handler', () => {
  test('get the variables of the lease, and tell how they have ended', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    await using orchestrator = await openOrchestrator('memory:');
    const { task } = await orchestrator.enqueueTask({ sessionId: 's' });

    await work(orchestrator, async ({ start, lease }) => {
      const { streams, ended } = await start(['sh', '-c', 'echo $ORCHESTRATOR_TOKEN; exit 5'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [said, end] = [streams.stdout && (await text(streams.stdout)), await ended];
      return { isToken: said?.trim() === lease.token, ...end };
    });

    expect((await orchestrator.getTask(task.id))?.result).toEqual({ isToken: true, code: 5, signal: null });
  });

  test('that are stopped by a signal shortly before their worker charge no attempt', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    await using orchestrator = await openOrchestrator('memory:');
    const { task } = await orchestrator.enqueueTask({ sessionId: 's' });
    const killed = Promise.withResolvers<void>();
    const handler: Handler = async ({ start }) => {
      const { signal } = await (await start(['sh', '-c', 'kill -TERM $$'], {})).ended;
      killed.resolve();
      throw new Error(`ended by ${signal}`);
    };
    const worker = createWorker({ orchestrator, agent: 'a', handler });

    await killed.promise;
    await pause(150);
    await worker.stop();

    expect(await orchestrator.getTask(task.id)).toMatchObject({ status: 'queued', attempt: 0, error: null });
  });

  test.for([
    [new TaskWaiting('Which one?'), { status: 'waiting', question: 'Which one?' }],
    [new TaskFailed('no such file', { code: 'BAD', final: true }), { status: 'failed', error: { code: 'BAD' } }],
  ] as const)('that were stopped take nothing from what their handler says: %s', async ([thrown, kept], { skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    await using orchestrator = await openOrchestrator('memory:');
    const { task } = await orchestrator.enqueueTask({ sessionId: 's' });
    const killed = Promise.withResolvers<void>();
    const handler: Handler = async ({ start }) => {
      await (
        await start(['sh', '-c', 'kill -TERM $$'], {})
      ).ended;
      killed.resolve();
      throw thrown;
    };
    const worker = createWorker({ orchestrator, agent: 'a', handler });

    await killed.promise;
    await worker.stop();

    expect(await orchestrator.getTask(task.id)).toMatchObject(kept);
  });

  test('find the configuration of this process in another folder', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    await using orchestrator = await openOrchestrator('memory:');
    const { task } = await orchestrator.enqueueTask({ sessionId: 's' });
    vi.stubEnv('ORCHESTRATOR_CONFIG', 'a.json');
    onTestFinished(() => void vi.unstubAllEnvs());

    await work(orchestrator, async ({ start }) => {
      const { streams } = await start(['sh', '-c', 'echo $ORCHESTRATOR_CONFIG'], {
        cwd: '/',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      return streams.stdout && (await text(streams.stdout));
    });

    expect((await orchestrator.getTask(task.id))?.result).toBe(`${join(process.cwd(), 'a.json')}\n`);
  });

  test('get the password of the store in a private file, which is removed with the handler', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    await using orchestrator = await openOrchestrator('memory:');
    const { task } = await orchestrator.enqueueTask({ sessionId: 's' });
    vi.stubEnv('ORCHESTRATOR_STORE', 'postgres://u:pass-word@db.example/name');
    vi.stubEnv('PGPASSWORD', 'of-another-server');
    for (const name of Object.values(SECRET_VARIABLES)) vi.stubEnv(name, 'own-secret');
    onTestFinished(() => void vi.unstubAllEnvs());
    const output = ['ignore', 'pipe', 'inherit'] as const;
    const show = ['sh', '-c', 'env; stat -c "mode %a" "$PGPASSFILE"; exec cat "$PGPASSFILE"'];

    await work(orchestrator, async ({ start }) => {
      const inherited = await start(show, { stdio: output });
      const given = await start(show, { stdio: output, env: { ...process.env } });
      return Promise.all([inherited, given].map(async ({ streams }) => streams.stdout && text(streams.stdout)));
    });

    const said = (await orchestrator.getTask(task.id))?.result as string[];
    expect(said).toHaveLength(2);
    for (const one of said) {
      const [variables = '', file = ''] = one.split('mode 600\n');
      expect(variables).toContain('ORCHESTRATOR_STORE=postgres://u@db.example/name');
      expect(variables).not.toMatch(/pass-word|of-another-server|own-secret/);
      expect(file).toBe('db.example:5432:name:u:pass-word\n*:*:*:*:of-another-server\n');
      expect(existsSync(/PGPASSFILE=(.*)/.exec(variables)?.[1] ?? '/')).toBe(false);
    }
  });

  test('are ended with the handler, before the release, with all that has left them', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    await using orchestrator = await openOrchestrator('memory:');
    await orchestrator.enqueueTask({ sessionId: 's' });
    const kid = kidFile();
    let wasAlive = false;

    const events = await work(orchestrator, async ({ start }) => {
      await start(['sh', '-c', LEAVES], { env: { ...process.env, KID: kid } });
      wasAlive = isAlive(await pidIn(kid));
      return { done: true };
    });

    expect([wasAlive, isAlive(await pidIn(kid))]).toEqual([true, false]);
    expect(events).toContainEqual(expect.objectContaining({ is: 'released', outcome: 'succeeded' }));
  });

  test('are ended when the lease is lost', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    await using orchestrator = await openOrchestrator('memory:');
    await orchestrator.enqueueTask({ sessionId: 's' });
    const kid = kidFile();

    const events = await work(orchestrator, async ({ start, lease, signal }) => {
      const { ended } = await start(['sh', '-c', `${LEAVES}; sleep 100`], { env: { ...process.env, KID: kid } });
      await pidIn(kid);
      await orchestrator.releaseTask({ token: lease.token, outcome: 'released' });
      await ended;
      signal.throwIfAborted();
    });

    expect(isAlive(await pidIn(kid))).toBe(false);
    expect(events).toContainEqual(expect.objectContaining({ is: 'lost' }));
  });

  test('can be ended one by one', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    await using orchestrator = await openOrchestrator('memory:');
    await orchestrator.enqueueTask({ sessionId: 's' });
    const seen: boolean[] = [];

    await work(orchestrator, async ({ start }) => {
      const [first, second] = [await start(['sleep', '100']), await start(['sleep', '100'])];
      await first.end();
      seen.push(isAlive(first.pid), isAlive(second.pid));
      const third = await start(['sleep', '100']);
      await second.end();
      seen.push(isAlive(second.pid), isAlive(third.pid));
    });

    expect(seen).toEqual([false, true, false, true]);
  });

  test.for([
    ['one command: dead once all of it has ended', 1, 1],
    ['several commands: nothing proves it', 2, 0],
  ] as const)('of a worker that was killed, %s', async ([, count, proofs], { skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    const url = `sqlite:${join(temporaryFolder(), 'store.db')}`;
    await using orchestrator = await openOrchestrator(url);
    await orchestrator.enqueueTask({ sessionId: 's' });
    const kid = kidFile();
    const scripts = [`KID=${kid}; ${LEAVES}; exec sleep 100`, 'exec sleep 100'].slice(0, count);
    const program = fileURLToPath(new URL('programs/starter.ts', import.meta.url));
    const words = [
      process.execPath,
      '--conditions=@agent-orchestrator/source',
      '--no-warnings',
      program,
      url,
      ...scripts,
    ];
    const worker = await startProcess(words);
    const pid = await pidIn(kid);
    await expect.poll(async () => (await children(worker.pid)).length, { timeout: 10_000 }).toBe(count);
    const keepers = await children(worker.pid);
    // 0, where the lease names none.
    const named = count === 1 ? keepers[0] : 0;
    const group = async () => (await orchestrator.getSession('s'))?.processGroup;
    await expect.poll(group, { timeout: 10_000 }).toBe(named);
    const commands = (await Promise.all(keepers.map(children))).flat();
    for (const one of [pid, ...commands, ...keepers]) endWithTest(one);

    await killNow(worker);
    for (const one of commands) if (one !== pid) process.kill(one, 'SIGKILL');
    const early = await findDeadHolders(orchestrator);
    process.kill(pid, 'SIGKILL');
    await until(() => keepers.every((keeper) => readProcess(keeper)?.command === 'orch-all-ended'));

    expect(early).toEqual([]);
    expect(await findDeadHolders(orchestrator)).toHaveLength(proofs);
  });
});

/** Runs a worker until it has done one task. */
async function work(orchestrator: Awaited<ReturnType<typeof openOrchestrator>>, handler: Handler) {
  const events: WorkerEvent[] = [];
  const ended = Promise.withResolvers<void>();
  const worker = createWorker({
    orchestrator,
    agent: 'a',
    ttlMs: 1_000,
    handler,
    onEvent: (event) => {
      events.push(event);
      if (event.is === 'released' || event.is === 'lost') ended.resolve();
    },
  });
  await ended.promise;
  await worker.stop();
  return events;
}

async function children(parent: number | undefined): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(parent)]).catch(() => ({
    stdout: '',
  }));
  return stdout
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
}

async function pidIn(file: string): Promise<number> {
  return Number(await until(() => existsSync(file) && readFileSync(file, 'utf8').trim()));
}

function isAlive(pid: number): boolean {
  return readProcess(pid)?.hasEnded === false;
}

function kidFile(): string {
  return join(temporaryFolder(), 'kid');
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'commands-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
