import type { ContestantName } from '../contestants/catalogue.ts';
import type { Synchronous } from '../contestants/contestant.ts';
import type { ServerUse } from '../places/place.ts';
import { quantileOf } from '../spread.ts';
import type { Worked } from './orders.ts';

/** One contestant, and how it works through a store full of tasks. */
export interface Run {
  readonly contestant: ContestantName;
  /** Of a file; NORMAL if left out. */
  readonly synchronous?: Synchronous;
  /** In each process; 1 if left out. */
  readonly callers?: number;
  /** 1 if left out. */
  readonly processes?: number;
  /** Enough for the first turns of a round; more are added between two turns when they run low. */
  readonly tasks: number;
}

/** What all processes of a run did in one turn, and what their server used meanwhile. */
export interface Turn {
  readonly worked: readonly Worked[];
  readonly server: ServerUse;
}

/**
 * What the turns of a run came to; NaN where the system does not tell. A unit is one task: claimed, handled by doing
 * nothing, completed.
 */
export interface Outcome {
  readonly unitsPerSecond: number;
  /** Between two handler calls of one process: p99 in milliseconds. */
  readonly gapMs: number;
  /** Processor time of all its processes, per unit. */
  readonly clientUs: number;
  readonly serverUs: number;
  readonly walBytes: number;
  /** The units of the process that did least, and of the one that did most. */
  readonly least: number;
  readonly most: number;
}

/** Calls that were answered together are handled together: within this time. */
export const BURST_MS = 2;

export function outcomeOf(turns: readonly Turn[]): Outcome {
  const all = turns.flatMap(({ worked }) => worked);
  const units = sum(all.map(({ handledAt }) => handledAt.length));
  const spans = turns.map(({ worked }) => spanOf(worked));
  const processes = turns[0]?.worked.map((_, at) => sum(turns.map(({ worked }) => worked[at]?.handledAt.length ?? 0)));
  return {
    unitsPerSecond: (sum(spans.map(({ units }) => units)) * 1_000) / sum(spans.map(({ elapsedMs }) => elapsedMs)),
    gapMs: quantileOf(all.flatMap(gapsOf), 0.99),
    clientUs: (sum(all.map(({ cpuMs }) => cpuMs)) * 1_000) / units,
    serverUs: (sum(turns.map(({ server }) => server.cpuMs)) * 1_000) / units,
    walBytes: sum(turns.map(({ server }) => server.walBytes)) / units,
    least: Math.min(...(processes ?? [])),
    most: Math.max(...(processes ?? [])),
  };
}

/**
 * The time in which all processes work at once. It begins when each of them has handled a task for each of its callers,
 * and ends with the last task. It begins at the end of a burst, so that a batch is not counted by half.
 */
function spanOf(worked: readonly Worked[]): { readonly units: number; readonly elapsedMs: number } {
  const begunAt = Math.max(...worked.map((one) => one.begunAt));
  const times = worked.flatMap(({ handledAt }) => [...handledAt]).toSorted((a, b) => a - b);
  const origin = times.findLastIndex((at) => at <= begunAt + BURST_MS);
  const elapsedMs = (times.at(-1) ?? Number.NaN) - (times[origin] ?? Number.NaN);
  return { units: times.length - 1 - origin, elapsedMs };
}

function gapsOf({ begunAt, handledAt }: Worked): number[] {
  const times = [...handledAt].filter((at) => at >= begunAt);
  return times.slice(1).map((at, before) => at - (times[before] ?? at));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
