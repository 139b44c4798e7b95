import { cpus, loadavg } from 'node:os';
import process from 'node:process';
import Database from 'better-sqlite3';
import type { Line, Result } from './line.ts';
import type { Spread } from './spread.ts';

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

/** A Markdown table, so that it can go into the README as it is. */
export function tableOf(results: readonly Result[]): string {
  const head = ['what', 'ours', 'against', 'its number', 'ratio, median (min to max)', 'target', 'reached'];
  const rows = results.map(({ line, ours, other, ratio, reached }) => [
    line.title,
    `${figure(ours.median)} ${line.unit}`,
    line.against,
    `${figure(other.median)} ${line.unit}`,
    `**${figure(ratio.median)}** (${range(ratio)})`,
    targetText(line),
    reached === null ? '' : reached ? 'yes' : '**no**',
  ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function range({ min, max }: Spread): string {
  return `${figure(min)} to ${figure(max)}`;
}

function targetText({ target, better, unit }: Line): string {
  if (target === undefined) return 'for the record';
  const bound = `${better === 'more' ? 'at least' : 'at most'} ${target.limit.toLocaleString('en')}`;
  return target.of === 'ratio' ? bound : `ours ${bound} ${unit}`;
}

function figure(value: number): string {
  return Math.abs(value) >= 10 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
}
