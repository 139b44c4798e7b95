import { statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { amountOf } from '../amount.ts';
import { anewEachRound, type Bench, type BenchCase } from '../bench-case.ts';
import type { ContestantName } from '../contestants/catalogue.ts';
import { pathOf } from '../contestants/contestant.ts';
import { ContestantProcess } from '../race/contestant-process.ts';
import { sqlite } from '../places/sqlite.ts';
import { rotated } from '../spread.ts';

const TASKS = { whole: 3_000, few: 100 } as const;
const POLL_MS = 25;
/** Before the pages of SQLite's log, and before each of them. */
const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** How much a task takes in the file, and how many pages a claim and a release write. */
export const sqliteSize: BenchCase = {
  name: 'sqlite-size',
  seconds: { begin: 0, round: 6 },
  lines: [
    {
      id: 'queued',
      title: 'SQLite, a queued task',
      unit: 'bytes',
      against: 'raw floor',
      better: 'less',
      target: { of: 'ours', limit: 1_000 },
      isChecked: true,
    },
    {
      id: 'finished',
      title: 'SQLite, a finished task',
      unit: 'bytes',
      against: 'raw floor',
      better: 'less',
      target: { of: 'ours', limit: 1_800 },
      isChecked: true,
    },
    {
      id: 'pages',
      title: 'SQLite, one caller, NORMAL',
      unit: 'pages written per unit',
      against: 'raw floor',
      better: 'less',
      target: { of: 'ours', limit: 17 },
      isChecked: true,
    },
  ],
  begin: anewEachRound(async (bench, number) => {
    const sizes = new Map<ContestantName, Sizes>();
    for (const name of rotated(['ours', 'raw SQLite'] as const, number)) {
      const taken = await sizesOf(bench, name);
      sizes.set(name, taken);
      bench.log(`  ${name}: ${JSON.stringify(taken)}`);
    }
    const pair = (of: keyof Sizes) => ({
      ours: sizes.get('ours')?.[of] ?? Number.NaN,
      other: sizes.get('raw SQLite')?.[of] ?? Number.NaN,
    });
    return { queued: pair('queued'), finished: pair('finished'), pages: pair('pages') };
  }),
};

interface Sizes {
  readonly queued: number;
  readonly finished: number;
  readonly pages: number;
}

async function sizesOf(bench: Bench, name: ContestantName): Promise<Sizes> {
  const tasks = amountOf(bench, TASKS);
  await using store = await sqlite(bench.folder).fresh();
  const path = pathOf(store.url);
  const seat = { url: store.url, synchronous: 'NORMAL', callers: 1, processes: 1 } as const;
  await using filler = await ContestantProcess.open(name, { ...seat, isFirst: true });
  await filler.ask({ is: 'enqueue', first: 0, tasks });
  await filler.close();
  // A closed store is one file: its log was moved into it by the last connection.
  const queued = statSync(path).size / tasks;

  await using worker = await ContestantProcess.open(name, { ...seat, isFirst: false });
  const pages = await pagesWritten(path, worker, tasks);
  await worker.close();
  return { queued, finished: statSync(path).size / tasks, pages: pages / tasks };
}

/** While a transaction reads the state of the beginning, SQLite's log only grows. */
async function pagesWritten(path: string, worker: ContestantProcess, tasks: number): Promise<number> {
  const reader = new Database(path, { readonly: true });
  try {
    const pageSize = Number(reader.pragma('page_size', { simple: true }));
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM sqlite_schema').get();
    await worker.ask({ is: 'start' });
    while ((await worker.ask({ is: 'count' })).handled < tasks) await setTimeout(POLL_MS);
    await worker.ask({ is: 'stop' });
    return (statSync(`${path}-wal`).size - LOG_HEADER_BYTES) / (FRAME_HEADER_BYTES + pageSize);
  } finally {
    reader.close();
  }
}
