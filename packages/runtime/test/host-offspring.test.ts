/*
 * What a host has left, on real processes:
 *  - a hook that outlives the host, and what another host of its kind has started, is no work that lives on
 *  - what has taken over the work of a dead host is no other host
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { HostOffspring } from '../src/hosts/host-offspring.ts';
import { ownProcess } from '../src/index.ts';
import { readProcess } from '../src/processes/process-table.ts';

const PROCESS = { host: 'h', boot: 'b', pid: 7, start: '70' };

const pidsOf = (offspring: HostOffspring): number[] => offspring.alive().map(({ pid }) => pid);

test.runIf(process.platform === 'linux')('a hook that outlives the host is no work that lives on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'offspring-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const start = async (name: string) => {
    writeFileSync(join(folder, name), "console.log('at work'); setInterval(() => {}, 1_000);");
    const child = spawn(process.execPath, [join(folder, name), 'codex', 'Stop'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    return child.pid;
  };
  const facts = { name: 'codex', agent: 'a', conversation: null, transcript: null };
  // This process is the host.
  const offspring = new HostOffspring({ ...facts, process: { ...PROCESS, ...ownProcess() }, folder });
  const [hook, other] = [await start('hook.js'), await start('other.js')];

  offspring.look();
  const alive = offspring.alive().map(({ pid }) => pid);

  expect([alive.includes(hook ?? 0), alive.includes(other ?? 0)]).toEqual([false, true]);
});

/** Starts a program that prints the pid of what lives on. @returns that pid */
async function startWork(program: string, script: string, env = {}): Promise<number> {
  const child = spawn(program, [script], { stdio: ['ignore', 'pipe', 'inherit'], env });
  const [pid] = (await once(child.stdout, 'data')) as [Buffer];
  onTestFinished(() => [Number(pid), child.pid].forEach((one) => process.kill(one ?? 0, 'SIGKILL')));
  return Number(pid);
}

test.runIf(process.platform === 'linux')(
  'what another host of the kind has started is no work that lives on',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'offspring-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const gemini = join(folder, 'gemini');
    symlinkSync(process.execPath, gemini);
    const work = join(folder, 'work.mjs');
    writeFileSync(work, 'console.log(process.pid); setInterval(() => {}, 1_000);');
    const other = join(folder, 'other.mjs');
    writeFileSync(
      other,
      `import { spawn } from 'node:child_process';
     spawn(process.execPath, [${JSON.stringify(work)}], { stdio: 'inherit', env: { GEMINI_CLI: '1' } });`,
    );
    const facts = { name: 'gemini-cli', agent: 'a', conversation: null, transcript: null };
    // It is registered elsewhere, or not yet.
    const ofAnother = await startWork(gemini, other);
    const orphan = await startWork(process.execPath, work, { GEMINI_CLI: '1' });

    const offspring = new HostOffspring({ ...facts, process: { ...PROCESS, ...ownProcess() }, folder });
    const alive = offspring.alive().map(({ pid }) => pid);

    expect([alive.includes(ofAnother), alive.includes(orphan)]).toEqual([false, true]);
  },
);

test.runIf(process.platform === 'linux')('what has taken over the work of a dead host is no other host', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'offspring-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const write = (name: string, content: string) => {
    mkdirSync(join(folder, 'gemini-cli'), { recursive: true });
    writeFileSync(join(folder, 'gemini-cli', name), content);
    return join(folder, 'gemini-cli', name);
  };
  const work = write('work.mjs', 'console.log(process.pid); setInterval(() => {}, 1_000);');
  const start = `spawn(process.execPath, [${JSON.stringify(work)}], { stdio: 'inherit', env: { GEMINI_CLI: '1' } });`;
  const reaper = write('reaper.mjs', `import { spawn } from 'node:child_process';\n${start}`);
  const packaged = join(folder, 'node_modules', '@google', 'gemini-cli');
  mkdirSync(packaged, { recursive: true });
  writeFileSync(join(packaged, 'main.mjs'), `import { spawn } from 'node:child_process';\n${start}`);
  const gemini = join(folder, 'gemini');
  symlinkSync(process.execPath, gemini);
  const facts = { name: 'gemini-cli', agent: 'a', conversation: null, transcript: null };
  const own = { ...PROCESS, ...ownProcess() };
  const claude = join(folder, 'claude');
  symlinkSync(process.execPath, claude);

  const taken = await startWork(process.execPath, reaper);
  const ofPackage = await startWork(process.execPath, join(packaged, 'main.mjs'));
  const ofOtherKind = await startWork(claude, reaper);
  // Its ancestor is of the same kind.
  const below = await startWork(gemini, reaper);
  const offspring = new HostOffspring({ ...facts, process: own, folder });
  const inner = readProcess(below)!;
  const ofInner = new HostOffspring({ ...facts, process: { ...PROCESS, pid: below, start: inner.start }, folder });
  ofInner.look();
  const seen = pidsOf(offspring);

  expect([taken, ofPackage, ofOtherKind, below].map((pid) => seen.includes(pid))).toEqual([true, false, true, false]);
  expect(pidsOf(ofInner)).toContain(below);
});
