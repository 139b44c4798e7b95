/*
 * What has left its keeper for another namespace of processes, and lost its parent there, on real processes. The keeper
 * tells that all has ended. That is not believed until the process has ended:
 *  - whether it has a session of its own, or that of the sandbox and of the keeper, as on a terminal
 *  - whether the sandbox is by itself, below the keeper of another run, or has a keeper as its first process
 *  - in a cgroup, also for one who does not see cgroups: a process names its own
 * It is believed beside a sandbox whose processes have never left it.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ControlGroup } from '../src/processes/control-group.ts';
import { canExecuteKeeper, Keeper, keeperProgram, type KeptCommand } from '../src/processes/keeper.ts';
import { offspringOf, ownTag, type NamedHolder, type OffspringState } from '../src/processes/offspring.ts';
import { ownProcess } from '../src/processes/own-process.ts';
import { childrenOf, readProcess, readText } from '../src/processes/process-table.ts';
import { endWithTest, startProcess, until } from './support/processes.ts';

const FENCE = 3;
const WHY_NOT = !mayJoin() ? 'only root can join other namespaces' : canExecuteKeeper() ? null : 'there is no keeper';

/** How a process leaves, once it is in the sandbox. */
const WAYS = { 'in the same session': '', 'in its own session': 'setsid' } as const;

/** Each makes a sandbox. @returns the pid of what has made it */
const SANDBOXES = {
  'a sandbox': async () => (await startProcess(sandboxWith('sleep', '100'))).pid,
  "a sandbox below another run's keeper": async () =>
    (await keep({ words: sandboxWith('sleep', '100'), tag: '1-2-4' })).command,
  'a sandbox whose first process is a keeper': async () => {
    const keeper = [keeperProgram() ?? '', '1-2-4', '3', '0', '100', '', 'sleep', '100'];
    const stdio = ['ignore', 'ignore', 'ignore', 'pipe'] as const;
    return (await startProcess(sandboxWith(...keeper), { detached: true, stdio: [...stdio] })).pid;
  },
} as const;

const CASES = Object.entries(SANDBOXES).flatMap(([name, sandbox]) =>
  Object.entries(WAYS).map(([how, way]) => [name, how, sandbox, way] as const),
);

describe('a process that has left its keeper', () => {
  test.for(CASES)('for %s, %s, is a doubt until it has ended', async ([, , sandbox, way], { skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    const first = await firstIn(await sandbox());

    const { keeper, stranger } = await keeperLeftFor(first, way);
    const early = offspringOf(holderOf(keeper));
    await ended(stranger);

    expect([early, offspringOf(holderOf(keeper))]).toEqual(['unproven', 'ended']);
  });

  test('is alive in its cgroup, also for one who sees no cgroups', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    const cgroup = ControlGroup.make(ownTag(FENCE));
    if (cgroup === null) return skip('this user may not make a cgroup here');
    const first = await firstIn(await SANDBOXES['a sandbox']());

    const { keeper, stranger } = await keeperLeftFor(first, 'setsid', cgroup);
    const early = [offspringOf(holderOf(keeper)), seenWithoutCgroups(holderOf(keeper))];
    await ended(stranger);
    await until(() => cgroup.isPopulated === false);

    expect(early).toEqual(['alive', 'alive']);
    expect(offspringOf(holderOf(keeper))).toBe('ended');
    cgroup.remove();
  });
});

test('a sandbox whose processes have never left it is no doubt', async ({ skip }) => {
  skip(WHY_NOT !== null, WHY_NOT ?? '');
  const { pid } = await startProcess(sandboxWith('sh', '-c', 'sleep 100 & sleep 100'), { detached: true });
  await until(() => childrenOf(childrenOf(pid ?? 0)[0] ?? 0)[1]);
  const keeper = await keep({ words: ['true'] });

  await until(() => keeper.areAllGone);

  expect(offspringOf(holderOf(keeper))).toBe('ended');
});

/** A keeper whose command has joined a sandbox, left a process there, and ended. */
async function keeperLeftFor(first: number, way: string, cgroup: ControlGroup | null = null) {
  const leaves = `(exec ${way} env -i sleep 101 </dev/null >/dev/null 2>&1 &)`;
  const words = ['nsenter', '--target', String(first), '--pid', 'sh', '-c', leaves];
  const keeper = await keep({ words, joinFile: cgroup?.joinFile ?? null });
  const stranger = await until(() =>
    childrenOf(first).find((pid) => readText(`/proc/${pid}/cmdline`)?.includes('101')),
  );
  endWithTest(stranger);
  await until(() => keeper.areAllGone);
  return { keeper, stranger };
}

async function keep(kept: Pick<KeptCommand, 'words'> & Partial<KeptCommand>): Promise<Keeper> {
  const keeper = await Keeper.start({
    env: process.env,
    stdio: ['ignore', 'ignore', 'ignore'],
    tag: ownTag(FENCE),
    ownSession: false,
    lingerMs: 1_000,
    joinFile: null,
    ...kept,
  });
  if (keeper === null) throw new Error('no keeper could be executed');
  endWithTest(keeper.command);
  onTestFinished(() => void keeper.child.kill('SIGKILL'));
  return keeper;
}

/** This process, as the holder of the lease. */
function holderOf({ pid: group }: Keeper): NamedHolder {
  const { pid, start } = ownProcess() ?? { pid: 0, start: '' };
  return { pid, start, fence: FENCE, group };
}

function sandboxWith(...words: readonly string[]): string[] {
  return ['unshare', '--pid', '--fork', '--kill-child', ...words];
}

function firstIn(sandbox: number | undefined): Promise<number> {
  return until(() => childrenOf(sandbox ?? 0)[0]);
}

async function ended(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await until(() => readProcess(pid)?.hasEnded ?? true);
}

/** What a process tells that sees no cgroups. */
function seenWithoutCgroups(holder: NamedHolder): OffspringState {
  const program = fileURLToPath(new URL('programs/offspring.ts', import.meta.url));
  const node = [process.execPath, '--conditions=@agent-orchestrator/source', '--no-warnings', program];
  const script = 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"';
  const words = ['--mount', 'sh', '-c', script, 'sh', ...node, JSON.stringify(holder)];
  return execFileSync('unshare', words, { encoding: 'utf8' }) as OffspringState;
}

/** One has to be the administrator, with the tools for it. */
function mayJoin(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['--mount', '--pid', '--fork', 'nsenter', '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
