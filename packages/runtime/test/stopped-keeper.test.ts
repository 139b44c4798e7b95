/*
 * A keeper that another process has stopped is continued, so that it tells how its command was ended: by an end, by a
 * signal that is passed on, and by the question before each renewal of the lease. So is one that the command stops
 * before it has told that the command was started.
 */
import { expect, test } from 'vitest';
import { CommandProcess } from '../src/processes/command-process.ts';
import { canExecuteKeeper } from '../src/processes/keeper.ts';
import { readProcessStatus } from '../src/processes/process-table.ts';
import { endWithTest, until } from './support/processes.ts';

const WHY_NOT = canExecuteKeeper() ? null : 'no keeper can be executed here';

async function start(words: readonly string[]): Promise<CommandProcess> {
  return CommandProcess.start(words, {
    lease: { sessionId: 's', fence: 3 },
    silentMs: 1_000,
    env: process.env,
    stdio: ['ignore', 'ignore', 'ignore'],
    hasOwnGroup: true,
  });
}

/** A command whose keeper is stopped. */
async function withStoppedKeeper(): Promise<CommandProcess> {
  const command = await start(['sleep', '100']);
  const keeper = command.group ?? 0;
  endWithTest(command.pid);
  endWithTest(keeper);
  process.kill(keeper, 'SIGSTOP');
  await until(() => readProcessStatus(keeper, 'State')?.includes('T'));
  return command;
}

test('an end continues it', async ({ skip }) => {
  skip(WHY_NOT !== null, WHY_NOT ?? '');
  const command = await withStoppedKeeper();

  await command.terminate();

  expect(await command.ended).toEqual({ code: null, signal: 'SIGTERM' });
  expect([command.isProvedGone, command.mayBeLeft]).toEqual([true, false]);
  command.leave({ isLeaseOver: true });
});

const WAYS: readonly (readonly [name: string, wake: (command: CommandProcess) => unknown])[] = [
  ['a signal that is passed on', (command) => command.signal('SIGTERM')],
  ['the question before each renewal', (command) => command.checkAlive()],
];

test.for(WAYS)('%s continues it', async ([, wake], { skip }) => {
  skip(WHY_NOT !== null, WHY_NOT ?? '');
  const command = await withStoppedKeeper();
  process.kill(command.pid, 'SIGTERM');

  wake(command);

  expect(await command.ended).toEqual({ code: null, signal: 'SIGTERM' });
  command.leave({ isLeaseOver: true });
});

test('a command that stops its keeper at once is heard', async ({ skip }) => {
  skip(WHY_NOT !== null, WHY_NOT ?? '');
  // Its keeper may tell of the start before or after it is stopped.
  for (let round = 0; round < 5; round += 1) {
    const command = await start(['sh', '-c', 'kill -STOP $PPID; exit 3']);
    // As before each renewal.
    const asking = setInterval(() => command.checkAlive(), 20);

    expect(await command.ended).toEqual({ code: 3, signal: null });
    clearInterval(asking);
    command.leave({ isLeaseOver: true });
  }
});
