import { cpus, loadavg } from 'node:os';
import process from 'node:process';
import Database from 'better-sqlite3';
import type { Line, Result } from './line.ts';

/** What the numbers were measured on. */
export interface Machine {
  readonly node: string;
  readonly sqlite: string;
  readonly cpu: string;
  /** Processes that wanted to run, on average over the last minute: high means noise. */
  readonly load: number;
}

export function machine(): Machine {
  const processors = cpus();
  return {
    node: process.version,
    sqlite: sqliteVersion(),
    cpu: `${processors.length} x ${processors[0]?.model ?? 'unknown'}`,
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

function sqliteVersion(): string {
  const db = new Database(':memory:');
  try {
    return String(db.prepare('SELECT sqlite_version()').pluck().get());
  } finally {
    db.close();
  }
}

export function headerOf({ node, sqlite, cpu, load }: Machine): string {
  return `Node ${node}, SQLite ${sqlite}, ${cpu}, load ${load.toFixed(2)}`;
}

/** The widths of the columns: together no more than a terminal and a page of the documentation have. */
const [NUMBER, BESIDE, RATIO, TARGET] = [9, 42, 23, 18];
const HEAD = ['ours', 'other', 'beside', 'ratio (min to max)', 'target', 'reached'] as const;

/** A row for each line, below what it measures and in which unit. */
export function reportOf(results: readonly Result[]): string {
  const titles = results.map(({ line }) => `${line.title}: ${line.unit}`);
  const rows = results.flatMap((result, at) => [
    ...(titles[at] === titles[at - 1] ? [] : [titles[at]]),
    rowOf(cellsOf(result)),
  ]);
  return [rowOf(HEAD), ...rows].join('\n');
}

type Cells = readonly [ours: string, other: string, beside: string, ratio: string, target: string, reached: string];

function cellsOf({ line, ours, other, ratio, reached }: Result): Cells {
  return [
    figure(ours.median),
    figure(other.median),
    line.against,
    `${figure(ratio.median)} (${figure(ratio.min)} to ${figure(ratio.max)})`,
    targetText(line),
    reached === null ? '' : reached ? 'yes' : 'no',
  ];
}

function rowOf([ours, other, beside, ratio, target, reached]: Cells): string {
  const cells = [
    ours.padStart(NUMBER),
    other.padStart(NUMBER),
    beside.padEnd(BESIDE),
    ratio.padEnd(RATIO),
    target.padEnd(TARGET),
    reached,
  ];
  return cells.join('  ').trimEnd();
}

function targetText({ target, better }: Line): string {
  if (target === undefined) return '';
  const bound = `${better === 'more' ? 'at least' : 'at most'} ${target.limit.toLocaleString('en')}`;
  return target.of === 'ratio' ? bound : `ours ${bound}`;
}

function figure(value: number): string {
  return Math.abs(value) >= 10 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
}
