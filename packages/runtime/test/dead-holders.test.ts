/*
 * Dead at once, on real processes:
 *  - a process is told by machine, boot, pid and start, and always the same
 *  - a holder that was killed is proved dead, and recovered at once, with what was seen in the event
 *  - a host with a keeper is judged by it alone; what it saw living on keeps the host from being proved dead
 *  - a zombie is dead: it will never do anything again
 *  - a holder whose pid is another process's by now is dead; one that lives is not, nor one that is stopped
 *  - a holder of another machine or boot is not looked at; nor one that recorded no process
 *  - evidence of another machine or boot is left out
 *  - a process that it started keeps it from being dead, if the lease is in its environment, in any process group
 *  - so does the process group that works for it, and one that was not told yet; when the group is gone, nothing is
 *    proved, because a process can leave it unseen
 *  - so does a younger process that hides its environment, unless it is of a family that was there before
 *  - a thread of the kernel, which has no environment to show, does not
 *  - a process that sees other processes, or the same ones otherwise, is on another host
 *  - a process that sees the processes by other numbers has no identity, and takes none of them for one above it
 *  - a process that is hidden (hidepid) is not gone, nor is its group
 *  - the processes of a lease are named without their arguments
 *  - a claim that finds nothing recovers what a dead holder held, and takes it
 *  - a claim of a session takes it over from a dead holder; so does a claim to resume
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClaimRecord, Orchestrator, ProcessIdentity } from '@agent-orchestrator/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  claimWithProbe,
  findDeadHolders,
  findLeaseProcesses,
  livenessOf,
  openOrchestrator,
  ownProcess,
} from '../src/index.ts';
import { writeFacts } from '../src/processes/host-facts.ts';
import { folderOfHost } from '../src/processes/host-registry.ts';
import { leaveKeeping, noteLeftWork, tellKeeper } from '../src/processes/kept-host.ts';
import { listProcesses, readProcess, readText } from '../src/processes/process-table.ts';
import { endWithTest, identityOf, killNow, startProcess, until } from './support/processes.ts';

const UNPRIVILEGED = 65_534;

describe.skipIf(process.platform !== 'linux')('dead holders', () => {
  test('a process is told by machine, boot, pid and start, and always the same', () => {
    const own = ownProcess();

    expect(own).toEqual({
      host: expect.stringMatching(/^[0-9a-f]{32}$/),
      boot: expect.stringMatching(/^[0-9a-f-]{36}$/),
      pid: process.pid,
      start: expect.stringMatching(/^\d+$/),
    });
    expect(ownProcess()).toEqual(own);
    expect(own && livenessOf(own)).toBe('alive');
  });

  test('a holder that was killed is proved dead, and recovered at once, with what was seen in the event', async () => {
    await using orchestrator = await openOrchestrator('memory:');
    const holder = await startProcess(['sleep', '100']);
    const claim = await claimAs(orchestrator, identityOf(holder.pid));
    await killNow(holder);

    const evidence = await findDeadHolders(orchestrator);
    const { recovered } = await orchestrator.staleRecovery({ evidence: [...evidence] });

    const observed = `process ${holder.pid} is gone, and no process carries its lease`;
    expect(evidence).toMatchObject([{ sessionId: claim.lease.sessionId, fence: claim.lease.fence, observed }]);
    expect(recovered).toMatchObject([{ sessionId: claim.lease.sessionId, reason: 'dead', outcome: 'requeued' }]);
    expect((await orchestrator.listEvents({ limit: 500 })).items.at(-1)).toMatchObject({
      type: 'task.recovered',
      payload: { reason: 'dead', evidence: { pid: holder.pid, observed } },
    });
  });

  test('a host with a keeper, or with work that lives on, is not judged by its process', async () => {
    await using orchestrator = await openOrchestrator('memory:');
    const state = mkdtempSync(join(tmpdir(), 'dead-hosts-'));
    vi.stubEnv('OPENCLAW_STATE_DIR', state);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      rmSync(state, { recursive: true });
    });
    const holder = await startProcess(['sleep', '100']);
    const identity = identityOf(holder.pid);
    const folder = folderOfHost(identity);
    const holdings = join(folder, 'holdings');
    mkdirSync(holdings, { recursive: true });
    writeFacts(folder, identity, { settled: { name: 'codex' }, told: {} });
    await claimAs(orchestrator, identity);
    await killNow(holder);

    tellKeeper(holdings, process.pid);
    const kept = await findDeadHolders(orchestrator);
    leaveKeeping(holdings);
    const alone = await findDeadHolders(orchestrator);
    noteLeftWork({ folder });

    expect([kept, alone]).toMatchObject([[], [{ pid: holder.pid }]]);
    expect(await findDeadHolders(orchestrator)).toEqual([]);
  });

  test('a zombie is dead: it will never do anything again', async () => {
    await using orchestrator = await openOrchestrator('memory:');
    // The shell starts it and becomes a program that never asks how it ended.
    const parent = await startProcess(['sh', '-c', 'sleep 100 & exec sleep 100']);
    const pid = await until(() => childOf(parent.pid));
    await claimAs(orchestrator, identityOf(pid));
    process.kill(pid, 'SIGKILL');
    await until(() => readProcess(pid)?.hasEnded);

    const evidence = await findDeadHolders(orchestrator);

    expect(evidence).toMatchObject([{ pid, observed: `process ${pid} has ended, and no process carries its lease` }]);
  });

  test("a holder whose pid is another process's by now is dead", async () => {
    await using orchestrator = await openOrchestrator('memory:');
    const other = await startProcess(['sleep', '100']);
    const identity = identityOf(other.pid);
    await claimAs(orchestrator, { ...identity, start: String(Number(identity.start) - 1) });

    const evidence = await findDeadHolders(orchestrator);

    expect(evidence).toMatchObject([{ observed: expect.stringContaining('is a different one now') }]);
  });

  test('a holder that lives is not dead, nor one that is stopped', async () => {
    await using orchestrator = await openOrchestrator('memory:');
    const [living, stopped] = [await startProcess(['sleep', '100']), await startProcess(['sleep', '100'])];
    stopped.kill('SIGSTOP');
    await claimAs(orchestrator, identityOf(living.pid));
    await claimAs(orchestrator, identityOf(stopped.pid));

    expect(await findDeadHolders(orchestrator)).toEqual([]);
  });

  test('a holder of another machine or boot is not looked at; nor one that recorded no process', async () => {
    await using orchestrator = await openOrchestrator('memory:');
    const holder = await startProcess(['sleep', '100']);
    const identity = identityOf(holder.pid);
    await killNow(holder);
    await claimAs(orchestrator, { ...identity, host: 'another' });
    await claimAs(orchestrator, { ...identity, boot: 'another' });
    await claimAs(orchestrator, undefined);

    expect(await findDeadHolders(orchestrator)).toEqual([]);
    expect(livenessOf({ ...identity, boot: 'another' })).toBe('unknown');
    expect(livenessOf(identity)).toBe('gone');
  });

  test('evidence of another machine or boot is left out', async () => {
    await using orchestrator = await openOrchestrator('memory:');
    const own = identityOf(process.pid);
    const [elsewhere, before] = [
      { ...own, host: 'another' },
      { ...own, boot: 'another' },
    ];
    const claims = [await claimAs(orchestrator, elsewhere), await claimAs(orchestrator, before)];
    const evidence = claims.map(({ lease: { sessionId, fence } }, at) => {
      const { host, boot, pid, start } = at === 0 ? elsewhere : before;
      return { sessionId, fence, host, boot, pid, processStart: start };
    });
    const [first] = claims;
    const sessionId = first?.lease.sessionId ?? '';

    expect((await orchestrator.staleRecovery({ evidence })).recovered).toEqual([]);
    expect(await orchestrator.claimTask({ agent: 'b', sessionId, evidence })).toMatchObject({ reason: 'busy' });
    expect((await orchestrator.claimTasks({ agent: 'b', sessionId, evidence })).ok).toBe(false);
  });

  test('a process with the lease in its environment keeps it from being dead, in any process group', async () => {
    await using orchestrator = await openOrchestrator('memory:');
    const holder = await startProcess(['sleep', '100']);
    const claim = await claimAs(orchestrator, identityOf(holder.pid));
    const env = { ...process.env, ...environmentOf(claim) };
    // Started, given away, and in a session of its own.
    await startProcess(['sh', '-c', 'setsid sleep 100 & exit 0'], { env });
    const [left] = await until(() => {
      const found = findLeaseProcesses(claim.lease)?.filter(({ command }) => command === 'sleep');
      return found?.length === 1 && found;
    });
    endWithTest(left?.pid ?? 0);
    await killNow(holder);

    const whileItLives = await findDeadHolders(orchestrator);
    process.kill(left?.pid ?? 0, 'SIGKILL');
    await until(() => livenessOf({ ...identityOf(process.pid), ...left }) === 'gone');
    const afterwards = await findDeadHolders(orchestrator);

    expect(whileItLives).toEqual([]);
    expect(afterwards).toHaveLength(1);
  });

  test('the process group that works for it keeps it from being dead, and proves nothing when it is gone', async () => {
    await using orchestrator = await openOrchestrator('memory:');
    const holder = await startProcess(['sleep', '100']);
    const command = await startProcess(['env', '-i', '/bin/sleep', '100'], { detached: true });
    const claim = await claimAs(orchestrator, { ...identityOf(holder.pid), group: 0 });
    const { sessionId, fence, token } = claim.lease;
    await killNow(holder);

    const untold = await findDeadHolders(orchestrator);
    await orchestrator.heartbeat({ token, processGroup: command.pid });
    const whileItLives = await findDeadHolders(orchestrator);
    const named = findLeaseProcesses({ sessionId, fence, group: command.pid });
    await killNow(command);
    const afterwards = await findDeadHolders(orchestrator);

    expect([untold, whileItLives]).toEqual([[], []]);
    expect(named).toMatchObject([{ pid: command.pid }]);
    expect(afterwards).toEqual([]);
  });

  test('so does a younger process that hides its environment, unless its family was there before', async () => {
    await using orchestrator = await openOrchestrator('memory:');
    // A program that may be run but not read hides what it was given, even from its own user.
    const folder = mkdtempSync(join(tmpdir(), 'hidden-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    chmodSync(folder, 0o755);
    const hiding = join(folder, 'sleep');
    copyFileSync('/bin/sleep', hiding);
    chmodSync(hiding, 0o111);
    const user = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
    // The leader of a family that was there before the holder, and that grows after it.
    const script = 'read go; "$0" 100 & wait';
    const elder = await startProcess(['sh', '-c', script, hiding], {
      ...user,
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // A start is told in ticks of ten milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 25));
    const holder = await startProcess(['sleep', '100'], user);
    const orphan = await startProcess([hiding, '100'], { ...user, detached: true });
    elder.stdin?.write('go\n');
    const nephew = await until(() => memberOf(elder.pid));
    endWithTest(nephew);

    const seen = await asUser(user.uid, async () => {
      await claimAs(orchestrator, identityOf(holder.pid));
      await killNow(holder);
      const withBoth = await findDeadHolders(orchestrator);
      await killNow(orphan);
      const withNephew = await findDeadHolders(orchestrator);
      return { withBoth, withNephew };
    });

    expect(memberOf(elder.pid)).toBe(nephew);
    expect(seen).toMatchObject({ withBoth: [], withNephew: [{ pid: holder.pid }] });
  });

  test.skipIf(process.getuid?.() !== 0 || kernelStarts().length === 0)(
    'a thread of the kernel, which has no environment to show, does not keep a holder from being dead',
    async () => {
      await using orchestrator = await openOrchestrator('memory:');
      const holder = await startProcess(['sleep', '100']);
      const start = String(Math.max(...kernelStarts()));
      await claimAs(orchestrator, { ...identityOf(holder.pid), start });
      await killNow(holder);

      // Of all the processes that are younger, one that is just being started or ended is a doubt for a moment.
      const found = async () => findDeadHolders(orchestrator);
      await expect.poll(found, { timeout: 15_000 }).toMatchObject([{ pid: holder.pid }]);
    },
  );

  test.skipIf(!mayUnshare()).for([
    ['in a pid namespace of its own', 'unshare --fork --pid --mount-proc', false],
    ['in a time namespace of its own', 'unshare --fork --time --boottime 1000', false],
    ['in a user namespace of its own', 'unshare --fork --user', false],
    ['with the /proc of another pid namespace', 'unshare --fork --pid sh -c \'"$@"; exit $?\' sh', true],
  ] as const)('%s, a process is told as of another host, or not at all', ([, command, isNone]) => {
    const { own, above } = lookFrom(command, process.pid);

    expect(own === null).toBe(isNone);
    expect(isNone ? above : 0).toBe(0);
    expect(own?.host).not.toBe(ownProcess()?.host);
  });

  test.skipIf(!mayUnshare())('a process that is hidden is not gone, nor is its group', async () => {
    const other = (await startProcess(['sleep', '100'], { detached: true })).pid ?? 0;
    const asUnprivileged = `setpriv --reuid ${UNPRIVILEGED} --regid ${UNPRIVILEGED} --clear-groups`;
    // An instance of its own: to remount the one that is there would change it for the whole machine.
    const hidden = `unshare --mount sh -c 'mount -t proc -o hidepid=2 proc /proc && exec "$@"' sh ${asUnprivileged}`;

    const seen = [lookFrom(asUnprivileged, other), lookFrom(hidden, other)];

    // Seen, its start is not the one that is asked for; hidden, it cannot be told.
    expect(seen).toMatchObject([
      { other: 'gone', isGroupAlive: true },
      { other: 'unknown', isGroupAlive: true },
    ]);
  });

  test('the processes of a lease are named without their arguments', async () => {
    await using orchestrator = await openOrchestrator('memory:');
    const claim = await claimAs(orchestrator, undefined);
    const env = { ...process.env, ...environmentOf(claim) };
    const child = await startProcess(['sleep', '100'], { env });
    const [, secret] = claim.lease.token.split('-');
    const ofAnotherLease = { ...env, ORCHESTRATOR_TOKEN: `${claim.lease.fence + 1}-${secret}` };
    await startProcess(['sleep', '100'], { env: ofAnotherLease });

    const found = await until(() => {
      const all = findLeaseProcesses(claim.lease);
      return all?.some(({ command }) => command === 'sleep') && all;
    });

    const { pid, start } = identityOf(child.pid);
    expect(found).toEqual([{ pid, start, command: 'sleep' }]);
  });

  test.for([
    ['finds nothing recovers what the dead held, and takes it', {}, null],
    ['names a session takes it over from the dead', { sessionId: 'branch' }, 'dead'],
    ['resumes takes back at once what a dead run held', { resume: true, instance: 'run-2' }, 'resumed'],
  ] as const)('a claim that %s', async ([, request, reason]) => {
    await using orchestrator = await openOrchestrator('memory:');
    const holder = await startProcess(['sleep', '100']);
    const held = await claimAs(orchestrator, identityOf(holder.pid), 'branch');
    const early = await claimWithProbe(orchestrator, { agent: 'a', ...request });
    await killNow(holder);

    const claimed = await claimWithProbe(orchestrator, { agent: 'a', ...request });

    expect(early.ok).toBe(false);
    expect(claimed).toMatchObject({
      ok: true,
      task: { id: held.task.id, interruptions: 1 },
      takeover: reason === null ? null : { reason },
    });
  });
});

async function claimAs(
  orchestrator: Orchestrator,
  holder: ProcessIdentity | undefined,
  sessionId?: string,
): Promise<ClaimRecord> {
  await orchestrator.enqueueTask(sessionId === undefined ? {} : { sessionId });
  const claimed = await orchestrator.claimTask({ agent: 'a', instance: 'run-1', process: holder });
  if (!claimed.ok) throw new Error(claimed.reason);
  return claimed;
}

function environmentOf({ lease }: ClaimRecord): Record<string, string> {
  return { ORCHESTRATOR_SESSION: lease.sessionId, ORCHESTRATOR_TOKEN: lease.token };
}

/** How a process of another view sees itself and another one. */
function lookFrom(
  command: string,
  pid: number,
): { own: ProcessIdentity | null; other: string | null; isGroupAlive: boolean; above: number } {
  const program = fileURLToPath(new URL('programs/look.ts', import.meta.url));
  const node = `'${process.execPath}' --conditions=@agent-orchestrator/source --no-warnings`;
  const words = `exec ${command} ${node} '${program}' ${pid} ${readProcess(pid)?.group}`;
  return JSON.parse(execFileSync('sh', ['-c', words], { encoding: 'utf8' })) as ReturnType<typeof lookFrom>;
}

/** Whether other namespaces can be made here: for that one has to be the administrator, with the tools for it. */
function mayUnshare(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['--fork', '--pid', '--mount-proc', '--time', 'setpriv', '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The only child that a process has. */
function childOf(pid: number | undefined): number | null {
  const children = readText(`/proc/${pid}/task/${pid}/children`)?.trim();
  return children ? Number(children) : null;
}

/** A process of a group beside its leader. */
function memberOf(group: number | undefined): number | undefined {
  return listProcesses()?.find((pid) => pid !== group && readProcess(pid)?.group === group);
}

/** As the administrator sees everything, what others cannot see is tried as another user. */
async function asUser<R>(uid: number | undefined, act: () => Promise<R>): Promise<R> {
  if (uid === undefined) return act();
  process.seteuid?.(uid);
  try {
    return await act();
  } finally {
    process.seteuid?.(0);
  }
}

/** When the kernel's own threads were started. They come and go. */
function kernelStarts(): number[] {
  const entries = (listProcesses() ?? []).flatMap((pid) => readProcess(pid) ?? []);
  return entries.filter(({ isKernels }) => isKernels).map(({ start }) => Number(start));
}
