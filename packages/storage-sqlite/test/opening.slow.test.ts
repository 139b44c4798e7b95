import { expect, test } from 'vitest';
import { keptIfItFails } from './crowd.ts';
import { Program } from './program.ts';
import { judge, WHOLE } from './whole.ts';

const PROCESSES = 10;

/** The moments after which some are killed, one process each. */
const KILLED_AFTER = ['loaded', 'opened', 'opened', 'migrated'] as const;

test.each([1, 2])(
  'ten processes open a store that is not there, four are killed on the way: round %i',
  { timeout: 120_000 },
  async () => {
    const folder = keptIfItFails();
    const path = `${folder}/deep/er/store.db`;
    const program = (number: number) => new Program('opener', folder, { path, key: `task-${number}` });
    const openers = Array.from({ length: PROCESSES }, (_, number) => program(number));
    await Promise.all(openers.map(async (opener) => opener.said('loaded')));

    const doomed = openers.slice(0, KILLED_AFTER.length);
    const killed = doomed.map(async (opener, at) => {
      const moment = KILLED_AFTER[at];
      // The first is hit while it opens the file, the others in whatever comes next.
      if (moment !== undefined && moment !== 'loaded') await opener.said(moment);
      opener.signal('SIGKILL');
      return opener.exited();
    });
    for (const opener of openers) opener.tell('start');
    await Promise.all(killed);
    const survivors = openers.slice(KILLED_AFTER.length);
    const added = await Promise.all(survivors.map(async (opener) => opener.said('added')));
    const exits = await Promise.all(survivors.map(async (opener) => opener.exited()));
    const again = doomed.map((_, number) => program(number));
    for (const opener of again) {
      await opener.said('loaded');
      opener.tell('start');
      await opener.said('added');
    }

    expect(exits).toEqual(survivors.map(() => ({ code: 0, signal: null })));
    const { whole, events } = await judge(path);
    expect(whole).toEqual(WHOLE);
    const tasks = events.flatMap(({ type, taskId }) => (type === 'task.queued' ? [taskId] : []));
    expect(tasks).toHaveLength(PROCESSES);
    expect(tasks).toEqual(expect.arrayContaining(added.map(({ taskId }) => taskId)));
  },
);
