import { cpus, loadavg } from 'node:os';
import process from 'node:process';
import Database from 'better-sqlite3';
import type { Spread } from './measure.ts';
import type { Result, Target } from './result.ts';

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
    load: loadavg()[0] ?? 0,
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
  const lines = results.map(({ name, unit, ours, against, floor, ratio, target, reached }) => [
    name,
    `${figure(ours.median)} ${unit}`,
    against,
    `${figure(floor.median)} ${unit}`,
    `**${ratio.median.toFixed(2)}** (${range(ratio)})`,
    target === undefined ? 'for the record' : targetText(target),
    reached === null ? '' : reached ? 'yes' : '**no**',
  ]);
  const widths = head.map((title, at) => Math.max(title.length, ...lines.map((line) => line[at]?.length ?? 0)));
  const row = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  return [row(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...lines.map(row)].join('\n');
}

function range({ min, max }: Spread): string {
  return `${min.toFixed(2)} to ${max.toFixed(2)}`;
}

function targetText(target: Target): string {
  return 'atLeast' in target ? `at least ${target.atLeast}` : `at most ${target.atMost}`;
}

function figure(value: number): string {
  return value >= 10 ? Math.round(value).toLocaleString('en') : value.toFixed(3);
}
