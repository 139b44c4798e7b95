/*
 * A command that starts its successor and ends, hundreds of times a second, each in a process of another number:
 *  - a pause reaches it, and it continues afterwards
 *  - so does the end, already when all of it is asked to end
 * Both in a cgroup, where one can be made, and under the keeper alone.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { CommandProcess } from '../src/processes/command-process.ts';
import { ControlGroup } from '../src/processes/control-group.ts';
import { canExecuteKeeper } from '../src/processes/keeper.ts';
import { until } from './support/processes.ts';

const WHY_NOT = canExecuteKeeper() ? null : 'no keeper can be executed here';
/** Writes one byte for each process, and never ends by itself: a function of a shell would, after a thousand calls. */
const HOP = 'printf . >>hops; sh -c "$0" "$0" & exit 0';
/** The first process waits: it is the command. */
const HOPS = 'sh -c "$0" "$0" & exec sleep 100';

describe.for(['in a cgroup', 'under the keeper alone'] as const)('%s', (where) => {
  test('a pause reaches it, and it continues afterwards', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    const { command, hops } = await start(where);
    const seen: boolean[] = [];

    for (let times = 0; times < 5; times += 1) {
      command.pause('test');
      const stoppedAt = hops();
      await pause(100);
      seen.push(hops() === stoppedAt);
      command.resume('test');
      await until(() => hops() > stoppedAt + 10);
    }

    expect(seen).toEqual([true, true, true, true, true]);
  });

  test('the end reaches it', async ({ skip }) => {
    skip(WHY_NOT !== null, WHY_NOT ?? '');
    const { command, hops } = await start(where);

    const askedAt = performance.now();
    await command.terminate();
    // Each process obeys SIGTERM: none had to be killed.
    expect(performance.now() - askedAt).toBeLessThan(9_000);
    const endedAt = hops();
    await pause(100);

    expect([command.mayBeLeft, hops()]).toEqual([false, endedAt]);
  });
});

async function start(where: 'in a cgroup' | 'under the keeper alone') {
  if (where === 'under the keeper alone') vi.spyOn(ControlGroup, 'make').mockReturnValue(null);
  const cwd = mkdtempSync(join(tmpdir(), 'hops-'));
  const command = await CommandProcess.start(['sh', '-c', HOPS, HOP], {
    lease: { sessionId: 's', fence: Date.now() },
    silentMs: 1_000,
    env: { PATH: process.env['PATH'] },
    cwd,
    stdio: ['ignore', 'inherit', 'inherit'],
    hasOwnGroup: true,
  });
  onTestFinished(async () => {
    vi.restoreAllMocks();
    await command.terminate();
    command.leave({ isLeaseOver: true });
    rmSync(cwd, { recursive: true });
  });
  const hops = () => statSync(join(cwd, 'hops'), { throwIfNoEntry: false })?.size ?? 0;
  await until(() => hops() > 20);
  return { command, hops };
}
