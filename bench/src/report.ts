import type { BenchCase } from './bench-case.ts';
import { isReached, type Line, type Measured, type MeasuredCase } from './line.ts';
import type { Machine } from './machine.ts';

export function headerOf(machine: Machine): string {
  return `${machineText(machine)}, load ${machine.load.toFixed(2)}`;
}

export function machineText({ node, sqlite, cpu }: Machine): string {
  return `Node ${node}, SQLite ${sqlite}, ${cpu}`;
}

/** The widths of the columns: together no more than a terminal and a page of the documentation have. */
const [NUMBER, BESIDE, RATIO, TARGET] = [9, 42, 23, 18];
const HEAD = ['ours', 'other', 'beside', 'ratio (min to max)', 'target', 'reached'] as const;

/** A line in the report. Without numbers, a word says why. */
export interface ReportRow {
  readonly line: Line;
  readonly found: Measured | 'not measured' | 'not recorded' | 'only with --large';
}

/** What was measured, then what only a run with `--large` measures. */
export function rowsOf(measured: readonly MeasuredCase[], large: readonly BenchCase[]): readonly ReportRow[] {
  return [
    ...measured
      .flatMap(({ results }) => results)
      .map((one) => ({ line: one.line, found: one.isMeasured ? one : ('not measured' as const) })),
    ...large.flatMap(({ lines }) => lines).map((line) => ({ line, found: 'only with --large' as const })),
  ];
}

/** A row for each line, below what it measures and in which unit. */
export function reportOf(lines: readonly ReportRow[]): string {
  const titles = lines.map(({ line }) => `${line.title}: ${line.unit}`);
  const rows = lines.flatMap((row, at) => [
    ...(titles[at] === titles[at - 1] ? [] : [titles[at]]),
    rowOf(cellsOf(row)),
  ]);
  return [rowOf(HEAD), ...rows].join('\n');
}

type Cells = readonly [ours: string, other: string, beside: string, ratio: string, target: string, reached: string];

function cellsOf({ line, found }: ReportRow): Cells {
  if (typeof found === 'string') return ['', '', line.against, found, targetText(line), ''];
  const { ours, other, ratio } = found;
  const reached = isReached(line, found);
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
