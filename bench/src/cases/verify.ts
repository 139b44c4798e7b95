import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { amountOf, type Amount } from '../amount.ts';
import type { BenchCase, Rounds } from '../bench-case.ts';
import type { ContestantName } from '../contestants/catalogue.ts';
import { openRawSqlite } from '../contestants/raw-sqlite.ts';
import { openOurs } from '../contestants/ours.ts';
import type { Contestant } from '../contestants/contestant.ts';
import { sqlite } from '../places/sqlite.ts';
import { rotated } from '../spread.ts';
import { portionsOf } from '../tasks.ts';
import type { Reading, Verified } from '../verify/reading.ts';

const PROGRAM = fileURLToPath(new URL('../verify/program.ts', import.meta.url));
const LIMIT_MS = 50;
const POLL_MS = 50;

interface VerifyOptions {
  readonly name: string;
  readonly large?: boolean;
  /** Each comes to five events. */
  readonly tasks: Amount;
  readonly seconds: BenchCase['seconds'];
}

/** What it costs to check a whole log, in a file in which every task is finished. */
function verifyCase({ name, large = false, tasks: amount, seconds }: VerifyOptions): BenchCase {
  const title = `SQLite, verify of ${(amount.whole * 5).toLocaleString('en')} events`;
  return {
    name,
    large,
    seconds,
    lines: [
      {
        id: 'time',
        title,
        unit: 'µs per event',
        against: 'raw floor, read and hash each event',
        better: 'less',
        target: { of: 'ours', limit: 60 },
        isChecked: true,
      },
      {
        id: 'memory',
        title: `${title}, most memory`,
        unit: 'MB',
        against: 'raw floor, read and hash each event',
        better: 'less',
        target: { of: 'ours', limit: 300 },
        isChecked: true,
      },
      {
        id: 'pause',
        title: `${title}, longest pause of the event loop`,
        unit: 'ms',
        against: 'limit',
        better: 'less',
        target: { of: 'ratio', limit: 1 },
        isChecked: false,
      },
    ],
    async begin(bench): Promise<Rounds> {
      const tasks = amountOf(bench, amount);
      const place = sqlite(bench.folder);
      await using begun = new AsyncDisposableStack();
      const ours = begun.use(await place.fresh());
      const raw = begun.use(await place.fresh());
      await finish('ours', ours.url, tasks);
      await finish('raw SQLite', raw.url, tasks);
      const opened = begun.move();
      return {
        async round(number) {
          const read = new Map<Reading, Verified>();
          for (const [reading, { url }] of rotated(
            [
              ['verify', ours],
              ['raw', raw],
            ] as const,
            number,
          )) {
            read.set(reading, await verified(reading, url));
            bench.log(`  ${reading}: ${JSON.stringify(read.get(reading))}`);
          }
          const of = (reading: Reading, what: keyof Verified) => read.get(reading)?.[what] ?? Number.NaN;
          return {
            time: { ours: of('verify', 'usPerEvent'), other: of('raw', 'usPerEvent') },
            memory: { ours: of('verify', 'memoryMb'), other: of('raw', 'memoryMb') },
            pause: { ours: of('verify', 'pauseMs'), other: LIMIT_MS },
          };
        },
        end: () => opened.disposeAsync(),
      };
    },
  };
}

export const verify = verifyCase({
  name: 'verify',
  tasks: { whole: 4_000, few: 200 },
  seconds: { begin: 6, round: 4 },
});
export const verifyLarge = verifyCase({
  name: 'verify-large',
  large: true,
  tasks: { whole: 200_000, few: 400 },
  seconds: { begin: 90, round: 60 },
});

async function finish(name: Extract<ContestantName, 'ours' | 'raw SQLite'>, url: string, tasks: number): Promise<void> {
  const seat = { url, synchronous: 'NORMAL', callers: 1, processes: 1, isFirst: true } as const;
  const contestant: Contestant = await (name === 'ours' ? openOurs(seat, 'batches') : openRawSqlite(seat));
  for (const portion of portionsOf(tasks)) await contestant.enqueue(portion);
  const handled = new Set<number>();
  await contestant.start((task) => void handled.add(task));
  while (handled.size < tasks) await setTimeout(POLL_MS);
  await contestant.stop();
  await contestant.close();
}

async function verified(reading: Reading, url: string): Promise<Verified> {
  const child = fork(PROGRAM, [reading, url]);
  const exited = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`the reader ended with ${String(code)}`)),
  );
  const [answer] = (await Promise.race([once(child, 'message'), exited])) as [Verified];
  exited.catch(() => {});
  return answer;
}
