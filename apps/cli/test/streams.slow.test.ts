/*
 * Streams and waiting:
 *  - claim --wait takes what is added meanwhile, soon after
 *  - one that runs out is 75; an interrupted one is 128 and the signal
 *  - claim --wait takes what falls due
 *  - events --follow tells every event once, in order, while others write, and ends cleanly on SIGINT
 *  - events continues after any event, of a session or a type as well; as_of is a cursor
 *  - without --after it tells the last ones; --jsonl --after 0 tells all
 *  - a signal ends a log of many pages between two of them, and a log that was cut short is not done
 *  - a reader that does not read neither fills the memory nor keeps a signal from ending the stream; lines that it did
 *    not take make the exit code 128 and the signal
 *  - a reader that stops is no error, and does not make one done: the exit code stays the command's own
 *  - an answer that cannot be written is 74; a refusal stays a refusal
 *  - status --watch tells anew what has changed
 *  - a command that looks at a store that moves says so; one that continues until interrupted ends with the new address
 *  - a command that looks at a backup says so
 */
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { test } from 'vitest';
import { Cli, finished, inventedToken, type Document } from './support/cli.ts';

test.concurrent.for([
  ['after', ['--after', '0']],
  ['before', ['--before', '--limit', '10000']],
] as const)(
  'a signal ends a log of many pages between two of them, and a log cut short is not done: --%s',
  async ([direction, words], { expect }) => {
    using cli = new Cli();
    const lines = Array.from({ length: 5_000 }, (_, n) => JSON.stringify({ title: `task ${n}`, session: 'all' })).join(
      '\n',
    );
    writeFileSync(join(cli.folder, 'tasks.jsonl'), lines);
    await cli.run(['task', 'create', '--jsonl', join(cli.folder, 'tasks.jsonl')]);
    const dump = cli.start(['events', ...words, '--jsonl']);

    dump.stdout.once('data', () => dump.kill('SIGTERM'));
    const { exit, stdout } = await finished(dump);

    const told = stdout.trimEnd().split('\n');
    expect(exit).toBe(143);
    expect(told.length).toBeLessThan(5_000);
    expect(JSON.parse(told.at(-1) ?? '')).toMatchObject({
      error: { code: 'INTERRUPTED', hint: `Continue ${direction} the last one with --${direction}.` },
    });
  },
);

/** Each is 200 kB long, so that the log is far longer than what a stream may keep in memory. */
const LONG_EVENTS = 400;
/** The program, and a page of 100 events in all the forms that it takes. A page of 500 would need more. */
const MEMORY_MB = 150;

test
  .skipIf(!existsSync('/proc/self/status'))
  .for(['--after 0', '--after 0 --follow', '--follow', '--before --limit 800'])(
  'a reader that does not read neither fills the memory nor keeps a signal from ending events --jsonl %s',
  { timeout: 60_000 },
  async (words, { expect }) => {
    using cli = new Cli();
    await addLongTasks(cli);
    const dump = cli.start(['events', '--jsonl', ...words.split(' ')]);
    const ended = once(dump, 'exit');
    dump.stdout.pause();

    await untilAtRest(dump.pid ?? 0);
    const peak = peakMemoryMb(dump.pid ?? 0);
    const killedAt = performance.now();
    dump.kill('SIGTERM');
    const [exit] = (await ended) as [number | null];

    // Lines that were written and not taken are lost.
    expect(exit).toBe(143);
    expect(performance.now() - killedAt).toBeLessThan(3_000);
    expect(peak).toBeLessThan(MEMORY_MB);
  },
);

async function addLongTasks(cli: Cli): Promise<void> {
  await using orchestrator = await openOrchestrator(cli.store);
  const task = { payload: 'x'.repeat(200_000) };
  for (let added = 0; added < LONG_EVENTS; added += 100)
    await orchestrator.enqueueTasks(Array.from({ length: 100 }, () => task));
}

/** Waits until the process has begun to work, and uses no processor time any more. */
async function untilAtRest(pid: number): Promise<void> {
  const ticks = () => Number(/^\S+ \(.*\) (?:\S+ ){11}(\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]);
  let before = 0;
  await until(async () => {
    const isAtRest = before > 0 && ticks() - before <= 1;
    before = ticks();
    if (!isAtRest) await new Promise((resolve) => setTimeout(resolve, 500));
    return isAtRest;
  });
}

function peakMemoryMb(pid: number): number {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}

test.concurrent('claim --wait takes what is added meanwhile, soon after', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['store', 'init']);
  const waiting = cli.start(['claim', '--agent', 'a', '--wait', '15s', '--json']);
  const claimed = finished(waiting);

  const added = await cli.json(['task', 'create', 'x']);
  const { exit, stdout } = await claimed;

  expect([exit, (JSON.parse(stdout) as Document).data['task']]).toEqual([
    0,
    expect.objectContaining({ id: added.data.id }),
  ]);
});

test.concurrent('claim --wait that runs out is 75; it takes what falls due', async ({ expect }) => {
  using cli = new Cli();

  const early = await cli.run(['claim', '--agent', 'a', '--wait', '100ms']);
  await cli.run(['task', 'create', 'x', '--delay', '1s']);
  const due = await cli.run(['claim', '--agent', 'a', '--wait', '15s']);

  expect([early.exit, due.exit]).toEqual([75, 0]);
});

test.skipIf(process.platform === 'win32').for([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)(
  'claim --wait that is interrupted by %s claims nothing: %i',
  { concurrent: true },
  async ([signal, exit], { expect }) => {
    using cli = new Cli();
    const waiting = cli.start(['claim', '--agent', 'a', '--wait', '15s']);
    const ended = finished(waiting);
    // The first command made the store: from then on it waits.
    await until(async () => (await cli.run(['status'])).exit === 0);

    waiting.kill(signal);

    expect(await ended).toMatchObject({
      exit,
      stdout: '',
      stderr: expect.stringContaining('nothing was claimed'),
    });
  },
);

test.concurrent('events --follow tells every event once, in order, while others write, and ends on SIGINT', async ({
  expect,
}) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);
  const following = cli.start(['events', '--follow', '--jsonl', '--after', '0']);
  const lines = createInterface({ input: following.stdout });
  const told: number[] = [];
  lines.on('line', (line) => told.push((JSON.parse(line) as { data: { id: number } }).data.id));

  await Promise.all(
    Array.from({ length: 4 }, async (_, at) => cli.run(['task', 'create', `y${at}`, '--session', `session-${at % 2}`])),
  );
  const { meta } = await cli.json(['status']);
  await until(async () => told.at(-1) === meta['as_of']);
  following.kill('SIGINT');
  const [code] = (await once(following, 'close')) as [number | null];

  expect(told).toEqual(Array.from({ length: meta['as_of'] as number }, (_, at) => at + 1));
  if (process.platform !== 'win32') expect(code).toBe(0);
});

test.concurrent('events continues after any event, of a session or a type as well; as_of is a cursor', async ({
  expect,
}) => {
  using cli = new Cli();
  for (const session of ['s', 't', 's']) await cli.run(['task', 'create', 'x', '--session', session]);
  const ids = async (...words: string[]) =>
    ((await cli.json(['events', ...words])).data as unknown as { id: number }[]).map(({ id }) => id);
  const { meta } = await cli.json(['events']);

  expect(await ids()).toEqual([1, 2, 3, 4, 5]);
  expect(await ids('--limit', '2')).toEqual([4, 5]);
  expect(await ids('--after', '1', '--limit', '2')).toEqual([2, 3]);
  expect(await ids('--session', 's', '--after', '1')).toEqual([2, 5]);
  expect(await ids('--session', 's', '--limit', '1')).toEqual([5]);
  expect(await ids('--type', 'session.opened')).toEqual([1, 3]);
  expect(meta).toEqual({ as_of: 5, next: null });
  expect(await ids('--after', String(meta['as_of']))).toEqual([]);
});

test.skipIf(process.platform === 'win32')(
  'a reader that stops is no error',
  { concurrent: true },
  async ({ expect }) => {
    using cli = new Cli();
    const input = Array.from({ length: 1_000 }, (_, at) => JSON.stringify({ title: `task ${at}` })).join('\n');
    await cli.run(['task', 'create', '--jsonl', '-'], { input });
    const telling = cli.start(['events', '--jsonl', '--after', '0']);
    telling.stdin.end();
    let stderr = '';
    telling.stderr.on('data', (chunk) => (stderr += String(chunk)));

    await once(telling.stdout, 'data');
    telling.stdout.destroy();
    const [code] = (await once(telling, 'close')) as [number | null];

    expect([code, stderr]).toEqual([0, '']);
  },
);

test.skipIf(process.platform === 'win32').for([
  ['stderr', ['heartbeat', '--token', inventedToken()], 77],
  ['stderr', ['claim', '--agent', 'b', '--session', 's'], 75],
  ['stdout', ['heartbeat', '--token', inventedToken(), '--json'], 77],
  ['stdout', ['task', 'show', 'absent', '--json'], 66],
  ['stdout', ['task', 'create', 'y'], 0],
  ['stderr', ['task', 'create', 'y'], 0],
  ['stderr', ['staus'], 64],
] as const)('a reader of %s that is gone leaves %j its own exit code', async ([stream, words, code], { expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);
  await cli.run(['claim', '--agent', 'a']);
  const child = cli.start(words);

  child[stream].destroy();
  const { exit } = await finished(child);

  expect(exit).toBe(code);
});

test.skipIf(!existsSync('/dev/full')).for([
  ['task create x --session t', 74, '>'],
  ['status', 74, '>'],
  [`heartbeat --token ${inventedToken()} --json`, 77, '>'],
  [`heartbeat --token ${inventedToken()}`, 77, '2>'],
  ['task create x --session t', 0, '2>'],
] as const)('%s is %i where its answer cannot be written (%s)', async ([words, code, to], { expect }) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x', '--session', 's']);

  const { exit, stdout, stderr } = await cli.shell(`${words} ${to} /dev/full`);

  expect([exit, stdout + stderr]).toEqual([code, expect.not.stringMatching(/^\s+at /m)]);
  if (code === 74) expect(stderr).toMatch(/^orchestrator: error: .*could not be written.*ENOSPC.*\[OUTPUT\]$/m);
  if (words.startsWith('task')) expect((await cli.json(['session', 'show', 't'])).exit).toBe(0);
});

test.concurrent('events --jsonl --after 0 tells all', async ({ expect }) => {
  using cli = new Cli();
  const input = Array.from({ length: 600 }, () => '{"title":"x","session":"s"}').join('\n');
  await cli.run(['task', 'create', '--jsonl', '-'], { input });

  const { stdout } = await cli.run(['events', '--jsonl', '--after', '0']);

  expect(stdout.split('\n')).toHaveLength(602);
});

test.concurrent('status --watch tells anew what has changed', async ({ expect }) => {
  using cli = new Cli();
  await cli.run(['store', 'init']);
  const watching = cli.start(['status', '--watch', '--jsonl']);
  const lines = createInterface({ input: watching.stdout })[Symbol.asyncIterator]();
  const queued = async () =>
    (JSON.parse((await lines.next()).value as string) as { data: { counts: { tasks: { queued: number } } } }).data
      .counts.tasks.queued;

  const before = await queued();
  await cli.run(['task', 'create', 'x']);
  const after = await queued();
  watching.kill('SIGINT');

  expect([before, after]).toEqual([0, 1]);
});

test.concurrent('a store that moves is told to all that look at it, and is not followed for ever', async ({
  expect,
}) => {
  using cli = new Cli();
  await cli.run(['task', 'create', 'x']);
  const following = finished(cli.start(['events', '--follow', '--after', '0', '--jsonl']));
  const watching = finished(cli.start(['status', '--watch', '--jsonl']));
  const to = `sqlite:${join(cli.folder, 'new.db')}`;
  const backup = join(cli.folder, 'backup.db');

  await cli.run(['store', 'backup', backup]);
  await cli.run(['store', 'move', '--to', to]);
  const [followed, watched] = [await following, await watching];
  const status = await cli.run(['status', '--json']);
  const doctor = await cli.run(['doctor']);
  const ofBackup = { env: { ORCHESTRATOR_STORE: `sqlite:${backup}` } };
  const [statusOfBackup, doctorOfBackup] = [await cli.run(['status'], ofBackup), await cli.run(['doctor'], ofBackup)];

  for (const { exit, stdout, stderr } of [followed, watched]) {
    expect([exit, stderr]).toEqual([78, expect.stringContaining(`this store was moved to ${to}`)]);
    expect(stdout).toContain('"STORE_MOVED"');
  }
  expect(followed.stdout).toContain('task.queued');
  expect([status.exit, status.stderr]).toEqual([0, expect.stringContaining(`this store was moved to ${to}`)]);
  expect([doctor.exit, doctor.stdout]).toEqual([1, expect.stringContaining(`it was moved to ${to}`)]);
  expect([statusOfBackup.exit, statusOfBackup.stderr]).toEqual([
    0,
    expect.stringContaining(`this is a backup of ${cli.store}`),
  ]);
  expect([doctorOfBackup.exit, doctorOfBackup.stdout]).toEqual([
    0,
    expect.stringContaining(`a backup of ${cli.store}`),
  ]);
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  const giveUpAt = Date.now() + 15_000;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
