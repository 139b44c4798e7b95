/*
 * Processes on one file, whose wall clocks are not the same:
 *  - a process that keeps running after its clock was set back by two hours can send commands
 *  - the pause after an attempt that failed while the clock was nine hours ahead is over in time
 *  - a process that has just started with the right clock does not wait longer either
 *  - beside a wrong clock that came first, hours or days ahead or behind, the right ones work, and doctor tells
 *  - one process with another clock neither stops recovery nor fills the log, and doctor warns of it
 *  - so it is if all its commands were refused
 *  - a delay that began while the clock was ahead is over in time after a move
 *  - an id whose receipt was deleted is refused after a move or a restore, too
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { expect, test, type TestContext } from 'vitest';
import { Program } from '../../storage-sqlite/test/program.ts';
import { backupStore, examineStore, moveStore, openOrchestrator, restoreStore } from '../src/index.ts';
import { newCommandId } from '../src/system/command-id.ts';

const PROGRAM = new URL('programs/other-clock.ts', import.meta.url);
const MINUTE_MS = 60_000;
const TTL_MS = 1_000;
const PAUSE_MS = 1_000;
const BUSY = { timeout: 60_000 };

/** Most of these tests wait for a clock most of the time: several do so at once, each on a file of its own. */
function newPlace({ onTestFinished }: Pick<TestContext, 'onTestFinished'>) {
  const folder = mkdtempSync(join(tmpdir(), 'clocks-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const url = `sqlite:${join(folder, 'store.db')}`;
  /** A process whose clock is so far ahead. */
  async function started(aheadMs: number): Promise<Program> {
    const program = new Program(PROGRAM, folder, { url, aheadMs });
    onTestFinished(() => program.signal('SIGKILL'));
    await program.said('ready');
    return program;
  }
  return { folder, url, started };
}

/** Lets the program do something, and gives the code of its error. */
async function does(program: Program, what: string): Promise<unknown> {
  program.tell(what);
  return (await program.said('done'))['code'];
}

test.concurrent('after its clock was set back by two hours a process can send commands', BUSY, async (context) => {
  const { url, started } = newPlace(context);
  const program = await started(120 * MINUTE_MS);
  const before = await does(program, 'enqueue');

  await does(program, 'set_right');
  const after = [await does(program, 'enqueue'), await does(program, 'enqueue')];

  expect([before, ...after]).toEqual([null, null, null]);
  await using orchestrator = await openOrchestrator(url);
  const { task } = await orchestrator.enqueueTask({});
  expect(Math.abs(task.createdAt - Date.now())).toBeLessThan(MINUTE_MS);
});

test.concurrent('a pause that began while the clock was nine hours ahead is over in time', BUSY, async (context) => {
  const { url, started } = newPlace(context);
  const program = await started(9 * 60 * MINUTE_MS);
  expect(await does(program, 'enqueue')).toBeNull();
  expect(await does(program, 'fail')).toBeNull();

  await does(program, 'set_right');
  expect(await does(program, 'recover')).toBeNull();
  program.signal('SIGKILL');
  await pause(PAUSE_MS * 1.2);

  await using orchestrator = await openOrchestrator(url);
  expect(await orchestrator.claimTask({ agent: 'a' })).toMatchObject({ ok: true, task: { attempt: 2 } });
  expect((await orchestrator.listEvents({ types: ['task.rescheduled'] })).items).toHaveLength(1);
  expect(await orchestrator.verify()).toMatchObject({ ok: true });
});

test.concurrent('so it is for a process that has just started with the right clock', BUSY, async (context) => {
  const { url, started } = newPlace(context);
  const program = await started(9 * 60 * MINUTE_MS);
  expect(await does(program, 'enqueue')).toBeNull();
  expect(await does(program, 'fail')).toBeNull();
  program.signal('SIGKILL');
  await pause(PAUSE_MS * 1.2);

  await using orchestrator = await openOrchestrator(url);
  expect(await orchestrator.claimTask({ agent: 'a' })).toMatchObject({ ok: true, task: { attempt: 2 } });
});

test.concurrent.for([
  [-2.5 * 60, /clock of this process is 2 h ahead of the store's/],
  [2.5 * 60, /clock of this process is 2 h behind the store's/],
  [9.5 * 24 * 60, /clock of this process is 9 days behind the store's/],
  [-9.5 * 24 * 60, /clock of this process is 9 days ahead of the store's/],
] as const)(
  'beside a clock %i min ahead that came first the right ones work, and doctor tells',
  BUSY,
  async ([min, says], context) => {
    const { url, started } = newPlace(context);
    const wrong = await started(min * MINUTE_MS);
    expect(await does(wrong, 'enqueue')).toBeNull();
    await using orchestrator = await openOrchestrator(url);

    for (let turn = 0; turn < 2; turn += 1) {
      const right = await started(0);
      const codes = [await does(right, 'enqueue'), await does(right, 'fail'), await does(right, 'recover')];
      expect([...codes, await does(wrong, 'enqueue'), await does(wrong, 'recover')]).toEqual(Array(5).fill(null));
      right.signal('SIGKILL');
      await orchestrator.enqueueTask({});
    }

    const { task } = await orchestrator.enqueueTask({});
    expect(Math.abs(task.createdAt - Date.now() - min * MINUTE_MS)).toBeLessThan(MINUTE_MS);
    expect((await orchestrator.listEvents({ types: ['clock.jumped', 'task.rescheduled'] })).items).toEqual([]);
    expect(await clockFindings(url)).toEqual([{ severity: 'warning', message: expect.stringMatching(says) as string }]);
    expect(await orchestrator.verify()).toMatchObject({ ok: true });
  },
);

test.concurrent.for([30, -30, 5 * 60, -5 * 60])(
  'a process with a clock %i min ahead neither stops recovery nor fills the log',
  BUSY,
  async (min, context) => {
    const { url, started } = newPlace(context);
    await using orchestrator = await openOrchestrator(url);
    await orchestrator.enqueueTask({ sessionId: 'held' });
    await orchestrator.claimTask({ agent: 'a', sessionId: 'held', ttlMs: TTL_MS, staleAfterMs: TTL_MS });
    const program = await started(min * MINUTE_MS);
    let recovered = 0;

    for (let turn = 0; turn < 20; turn += 1) {
      expect(await does(program, 'enqueue')).toBeNull();
      expect(await does(program, 'recover')).toBeNull();
      recovered += (await orchestrator.staleRecovery()).recovered.length;
      await pause(TTL_MS / 10);
    }

    const { items } = await orchestrator.listEvents({ types: ['clock.jumped', 'task.recovered'], limit: 500 });
    expect(items.map(({ type }) => type)).toEqual(['task.recovered']);
    expect(recovered).toBeLessThanOrEqual(1);
    const says = new RegExp(
      `A process on this machine has a clock that is .* ${min > 0 ? 'ahead of' : 'behind'} the`,
      'u',
    );
    expect(await clockFindings(url)).toEqual([{ severity: 'warning', message: expect.stringMatching(says) as string }]);
  },
);

test.concurrent('a process that polls and is refused is seen all the same', BUSY, async (context) => {
  const { url, started } = newPlace(context);
  await using orchestrator = await openOrchestrator(url);
  await orchestrator.enqueueTask({});
  const program = await started(2 * 60 * MINUTE_MS);

  expect(await does(program, 'reuse_old_id')).toBe('COMMAND_ID_EXPIRED');

  expect(await clockFindings(url)).toMatchObject([
    { message: expect.stringMatching(/A process .* ahead of/u) as string },
  ]);
});

test.concurrent('a delay that began while the clock was ahead is over in time after a move', BUSY, async (context) => {
  const { folder, url, started } = newPlace(context);
  const program = await started(9 * 60 * MINUTE_MS);
  expect(await does(program, 'delay')).toBeNull();
  program.signal('SIGKILL');
  const to = `sqlite:${join(folder, 'moved.db')}`;

  expect(await moveStore({ from: url, to })).toMatchObject({ outcome: 'moved', compared: { held: 0 } });

  await using orchestrator = await openOrchestrator(to);
  const { nextDueAt } = await orchestrator.whyAgent('a');
  expect(nextDueAt).toBeLessThanOrEqual(Date.now() + MINUTE_MS);
  expect(await orchestrator.claimTask({ agent: 'a' })).toMatchObject({ reason: 'no_task', nextDueAt });
  expect((await orchestrator.listEvents({ types: ['task.rescheduled'] })).items).toHaveLength(1);
});

test.concurrent('an id whose receipt was deleted is refused after a move or a restore, too', BUSY, async (context) => {
  const { folder, url } = newPlace(context);
  const [commandId, file] = [newCommandId(), join(folder, 'backup.db')];
  const [moved, restored] = [`sqlite:${join(folder, 'moved.db')}`, `sqlite:${join(folder, 'restored.db')}`] as const;
  {
    await using orchestrator = await openOrchestrator(url);
    await orchestrator.enqueueTask({});
  }
  // As it is eight days later, if the clock is set back then.
  const database = new DatabaseSync(join(folder, 'store.db'));
  const clock = JSON.stringify({ last: null, jump: null, receipts: { until: Date.now(), heldUntil: 0 } });
  database.prepare(`INSERT OR REPLACE INTO meta (key, value) VALUES ('clock', ?)`).run(clock);
  database.close();
  await backupStore({ store: url, file });
  await restoreStore({ file, store: restored });
  await moveStore({ from: url, to: moved });

  for (const store of [moved, restored]) {
    await using orchestrator = await openOrchestrator(store);
    await expect(orchestrator.enqueueTask({ commandId })).rejects.toThrow(/receipt may be deleted/u);
    await orchestrator.enqueueTask({});
  }
});

/** What doctor says of clocks. */
async function clockFindings(url: string) {
  const { findings } = await examineStore(url);
  return findings.filter(({ check }) => check === 'clock').map(({ severity, message }) => ({ severity, message }));
}
