/*
 * The keeper, as the parent of real commands:
 *  - its files are what the compilers make of the source
 *  - it passes on how a command ended: exit codes and signals, exactly; a real-time signal as a shell does
 *  - a command that stops because it is traced has not ended
 *  - a command that cannot be started is refused with the error of the system, as Node gives it; so is one for which
 *    there may be no more processes
 *  - a command is looked up in the PATH of its own environment; a script without a first line is one of the shell
 *  - the command gets its descriptors under their numbers, no blocked signal, and nothing of the keeper's
 *  - the keeper keeps nothing of the command's: no descriptors, no folder, no arguments, no environment
 *  - whatever left the command keeps it at work; only when nothing is left does it say that all has ended
 *  - without a keeper, an empty cgroup proves nothing: a process can leave it. One with a process in it shows that
 *    something is alive, whatever a keeper says, unless another user made it
 *  - others see that by its name, for the lease that it was started for and for no other
 *  - a process that only calls itself a keeper proves nothing; nor does one of another user that pretends in full, or
 *    that is only in the group
 *  - when the lease of a dead process is over, its cgroup is removed
 *  - a signal that is meant for the parent of the command arrives there
 */
import {
  chownSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
  openSync,
  closeSync,
  chmodSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, type TestContext } from 'vitest';
import { COMPILERS, compile, fileOf, installedVersion, type Architecture } from '../native/build.ts';
import { ControlGroup } from '../src/processes/control-group.ts';
import { askKeeper } from '../src/processes/keeper-sight.ts';
import { canExecuteKeeper, Keeper, type KeptCommand } from '../src/processes/keeper.ts';
import { offspringOf } from '../src/processes/offspring.ts';
import { readProcess, readProcessStatus } from '../src/processes/process-table.ts';
import { endWithTest, killNow, startProcess, until } from './support/processes.ts';

test.for(Object.keys(COMPILERS) as Architecture[])(
  'keeper-%s is what the compiler makes of the source',
  (name, { skip }) => {
    const { command, version } = COMPILERS[name];
    const installed = installedVersion(name);
    skip(installed !== version, `${command} is ${installed ?? 'not installed'}, not ${version}`);
    const built = join(temporaryFolder(), 'keeper');

    expect(compile(name, built)).toBeNull();
    expect(readFileSync(built).equals(readFileSync(fileOf(name)))).toBe(true);
  },
);

const WHY_NOT = canExecuteKeeper() ? null : 'no keeper can be executed here';

describe('a kept command', () => {
  test.for([
    ['exit 0', { code: 0, signal: null }],
    ['exit 255', { code: 255, signal: null }],
    ['kill -KILL $$', { code: null, signal: 'SIGKILL' }],
    ['kill -SEGV $$', { code: null, signal: 'SIGSEGV' }],
    ['kill -35 $$', { code: 163, signal: null }],
  ] as const)('ends by %s', async ([script, end], { skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    const keeper = await start(['sh', '-c', script]);

    expect(await keeper.ended).toEqual(end);
    await until(() => keeper.areAllGone);
    expect(keeper.isLost).toBe(false);
  });

  test.for([
    ['no-such-command', 'ENOENT'],
    ['/no/such/command', 'ENOENT'],
    ['', 'ENOENT'],
    ['/', 'EACCES'],
    ['/etc/passwd', 'EACCES'],
  ] as const)('%j is refused with %s', async ([command, code], { skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');

    await expect(start([command])).rejects.toMatchObject({ code });
  });

  test('is refused where its user may have no more processes, and its keeper ends', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    skip(process.geteuid?.() !== 0, 'only root can become another user');
    const keeper = join(temporaryFolder(), 'keeper');
    copyFileSync(fileOf(process.arch as Architecture), keeper);
    chmodSync(dirname(keeper), 0o755);
    // Root may always have more. The keeper itself is the one process of this user.
    const limited = ['setpriv', '--reuid=64321', '--regid=64321', '--clear-groups', 'prlimit', '--nproc=1'];
    const child = await startProcess([...limited, keeper, '1-2-3', '3', '1', '100', '', 'true'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const said: Buffer[] = [];
    (child.stdio[3] as Duplex).on('data', (bytes: Buffer) => said.push(bytes));

    const [code] = await once(child, 'close');

    const report = Buffer.concat(said);
    // Not started, and why.
    expect([report.readInt32LE(0), report.readInt32LE(4), report.length]).toEqual([2, constants.errno.EAGAIN, 8]);
    expect(code).toBe(0);
  });

  test('has not ended when it stops for its parent to trace it', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    skip(!existsSync('/usr/bin/perl'), 'perl is not installed');
    // The number of `ptrace`, whose first request comes from the process that is traced: it stops at its next exec.
    const call = { x64: 101, arm64: 117 }[process.arch as Architecture];
    const keeper = await start(['/usr/bin/perl', '-e', `syscall(${call}, 0, 0, 0, 0); exec("sleep", "100")`]);
    await until(() => readProcessStatus(keeper.command, 'State')?.includes('(tracing'));

    const early = await Promise.race([keeper.ended, pause(100)]);
    process.kill(keeper.command, 'SIGKILL');

    expect([early, await keeper.ended]).toEqual([undefined, { code: null, signal: 'SIGKILL' }]);
  });

  test('is looked up in the PATH of its environment, and may be a script without a first line', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'own-command'), 'exit $1\n', { mode: 0o755 });
    writeFileSync(join(folder, 'refused'), 'exit 0\n', { mode: 0o644 });
    const env = { PATH: `/no/such/folder:${folder}` };

    expect(await (await start(['own-command', '7'], { env })).ended).toEqual({ code: 7, signal: null });
    await expect(start(['refused'], { env })).rejects.toMatchObject({ code: 'EACCES' });
    await expect(start(['own-command'], { env: { PATH: '/no/such/folder' } })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  test('gets its descriptors, no blocked signal, and nothing of the keeper', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    const folder = temporaryFolder();
    const [out, further] = [openSync(join(folder, 'out'), 'w'), openSync(join(folder, 'further'), 'w')];
    const script = 'echo 5 >&5; ls /proc/self/fd; grep -E "SigBlk|SigIgn" /proc/self/status';
    const stdio = ['ignore', out, out, 'ignore', 'ignore', further] as const;
    const keeper = await start(['sh', '-c', script], { stdio });

    await keeper.ended;
    closeSync(out);
    closeSync(further);

    expect(readFileSync(join(folder, 'further'), 'utf8')).toBe('5\n');
    const said = readFileSync(join(folder, 'out'), 'utf8');
    // 3 is the folder that is listed; what this process has inherited itself may come after.
    expect(said.split('\n').filter((line) => /^[0-9]$/.test(line))).toEqual(['0', '1', '2', '3', '5']);
    expect(said.match(/0000000000000000/g)).toHaveLength(2);
  });

  test('leaves nothing of its own in the keeper', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    const env = { PATH: process.env['PATH'] ?? '', SECRET: 'secret-1', LAST: 'secret-2' };
    const keeper = await start(['sh', '-c', 'sleep 100 # secret-3'], { env });
    const of = `/proc/${keeper.pid}`;
    await until(() => readdirSync(`${of}/fd`).length <= 2);

    const seen = ['environ', 'cmdline'].map((file) => readFileSync(`${of}/${file}`, 'latin1')).join('');

    expect(seen).not.toContain('secret');
    expect(seen.replaceAll('\0', ' ').trim()).toBe('orchestrator-keeper 1-2-3');
    expect(readProcess(keeper.pid)).toMatchObject({ command: 'orch-keeper', group: keeper.pid });
    process.kill(keeper.command, 'SIGKILL');
  });
});

describe('all that a command has started', () => {
  const holder = { pid: 1, start: '2', fence: 3 };

  test('has ended only when what left the command has, and others see it for this lease alone', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    const folder = temporaryFolder();
    const script = 'echo $$ >"$0/new"; mv "$0/new" "$0/kid"; exec sleep 100';
    const keeper = await start(['sh', '-c', '(setsid env -i /bin/sh -c "$1" "$0" &)', folder, script]);
    const { pid: group } = keeper;
    await keeper.ended;
    const kid = Number(await until(() => readdirSync(folder).includes('kid') && readFileSync(`${folder}/kid`, 'utf8')));
    endWithTest(kid);

    const early = [keeper.areAllGone, offspringOf({ ...holder, group })];
    process.kill(kid, 'SIGKILL');
    await until(() => keeper.areAllGone);

    expect(early).toEqual([false, 'alive']);
    expect(offspringOf({ ...holder, group })).toBe('ended');
    expect(offspringOf({ ...holder, group, fence: 4 })).toBe('alive');
    expect([offspringOf({ ...holder, group: 0 }), offspringOf({ ...holder, group: null })]).toEqual([
      'unproven',
      'none',
    ]);
    keeper.release();
    await once(keeper.child, 'exit');
    expect(offspringOf({ ...holder, group })).toBe('unproven');
  });

  test('is not proved by a keeper that was killed', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    const keeper = await start(['sleep', '100']);
    endWithTest(keeper.command);
    process.kill(keeper.pid, 'SIGKILL');

    expect(await keeper.ended).toEqual({ code: null, signal: 'SIGKILL' });
    expect([keeper.isLost, keeper.areAllGone]).toEqual([true, false]);
    expect(offspringOf({ ...holder, group: keeper.pid })).toBe('unproven');
  });

  test('is not proved by a process that only has the name of a keeper', async ({ skip }) => {
    skip(process.platform !== 'linux', 'there is no process table');
    const folder = temporaryFolder();
    const path = join(folder, 'orch-all-ended');
    writeFileSync(path, await readFile('/bin/sleep'));
    chmodSync(path, 0o755);
    const forged = await startProcess([path, '100'], { detached: true });
    await until(() => readProcess(forged.pid ?? 0)?.command === 'orch-all-ended');

    expect(askKeeper('1-2-3', forged.pid ?? 0)).toBeNull();
    expect(offspringOf({ ...holder, group: forged.pid ?? 0 })).toBe('alive');
  });

  test('is not proved by a keeper of another user', async ({ skip }) => {
    skip(process.geteuid?.() !== 0, 'only root can become another user');
    const [ours, others] = [await forgedKeeper(), await forgedKeeper({ uid: 64_321, gid: 64_321 })];

    // What a process of the same user can do shows that this one differs in its user alone.
    expect([askKeeper('1-2-3', ours), offspringOf({ ...holder, group: ours })]).toEqual(['ended', 'ended']);
    expect([askKeeper('1-2-3', others), offspringOf({ ...holder, group: others })]).toEqual([null, 'alive']);
  });

  test('is not proved by a keeper that is only in the group', async ({ skip }) => {
    skip(process.platform !== 'linux', 'there is no process table');
    const member = await forgedKeeper({ detached: false });
    const group = readProcess(member)?.group ?? 0;

    expect([askKeeper('1-2-3', group), askKeeper('1-2-3', member)]).toEqual([null, null]);
  });

  test('is not proved by a keeper while a process is in the cgroup', async ({ skip }) => {
    const { cgroup, member } = await filledGroup(skip);
    const group = await forgedKeeper();
    const early = offspringOf({ ...holder, group });
    await killNow(member);
    await until(() => cgroup.isPopulated === false);

    expect([early, offspringOf({ ...holder, group })]).toEqual(['alive', 'ended']);
  });

  test('is not proved by an empty cgroup', async ({ skip }) => {
    const { cgroup, member } = await filledGroup(skip);
    // There is no keeper with this number.
    const group = await goneNumber();
    const early = offspringOf({ ...holder, group });
    await killNow(member);
    await until(() => cgroup.isPopulated === false);

    expect([early, offspringOf({ ...holder, group })]).toEqual(['alive', 'unproven']);
  });

  test('is not shown by a cgroup of another user', async ({ skip }) => {
    skip(process.geteuid?.() !== 0, 'only root can give a folder away');
    const { cgroup } = await filledGroup(skip);
    chownSync(cgroup.path, 64_321, 64_321);

    expect(offspringOf({ ...holder, group: await goneNumber() })).toBe('unproven');
  });

  test('leaves no cgroup behind, once its lease is over and this process is dead', async ({ skip }) => {
    const cgroup = ControlGroup.make(`test-${process.pid}`);
    skip(cgroup === null, 'this user may not make a cgroup here');
    const joinFile = cgroup?.joinFile ?? null;
    const keeper = await start(['sleep', '100'], { joinFile, lingerMs: 200 });
    const members = cgroup?.members();

    // As the death of this process would.
    keeper.child.stdio.at(3)?.destroy();
    process.kill(keeper.command, 'SIGKILL');
    await once(keeper.child, 'exit');

    expect(members).toEqual([keeper.command]);
    expect(existsSync(cgroup?.path ?? '')).toBe(false);
  });

  test('passes a signal for the parent of the command on to this process', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    const heard = once(process, 'SIGUSR2');
    const keeper = await start(['sh', '-c', 'kill -USR2 $PPID; exec sleep 100']);

    expect(await heard).toBeTruthy();
    process.kill(keeper.command, 'SIGKILL');
  });
});

/** A process that pretends to be a keeper for which all has ended, as well as any program can. @returns its pid */
async function forgedKeeper(options: SpawnOptions = {}): Promise<number> {
  const folder = temporaryFolder();
  chmodSync(folder, 0o755);
  const path = join(folder, 'orch-all-ended');
  copyFileSync('/bin/sh', path);
  chmodSync(path, 0o755);
  // The name of the lease, which is its second word, is that of its script.
  writeFileSync(join(folder, '1-2-3'), 'read line\n');
  const stdio = ['pipe', 'ignore', 'ignore'] as const;
  const forged = spawn(path, ['1-2-3'], {
    argv0: 'orchestrator-keeper',
    cwd: folder,
    detached: true,
    ...options,
    stdio: [...stdio],
  });
  onTestFinished(async () => killNow(forged));
  const pid = forged.pid ?? 0;
  await until(() => readProcess(pid)?.command === 'orch-all-ended');
  return pid;
}

/** The cgroup of the lease, with a process in it. */
async function filledGroup(skip: TestContext['skip']): Promise<{ cgroup: ControlGroup; member: ChildProcess }> {
  const cgroup = ControlGroup.make('1-2-3');
  if (cgroup === null) return skip('this user may not make a cgroup here');
  const member = await startProcess(['sleep', '100']);
  onTestFinished(async () => {
    await killNow(member);
    await until(() => cgroup.isPopulated === false);
    cgroup.remove();
  });
  writeFileSync(cgroup.joinFile, String(member.pid));
  return { cgroup, member };
}

/** The number of a process that is gone. */
async function goneNumber(): Promise<number> {
  const process = await startProcess(['sleep', '100']);
  await killNow(process);
  return process.pid ?? 0;
}

async function start(words: readonly string[], options: Partial<KeptCommand> = {}): Promise<Keeper> {
  const keeper = await Keeper.start({
    words,
    env: process.env,
    stdio: ['ignore', 'ignore', 'ignore'],
    tag: '1-2-3',
    ownSession: true,
    lingerMs: 1_000,
    joinFile: null,
    ...options,
  });
  if (keeper === null) throw new Error('no keeper could be executed');
  onTestFinished(() => void keeper.child.kill('SIGKILL'));
  return keeper;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'keeper-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
