import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { cpuMsOfTree } from './places/process-tree.ts';
import { machine, type Machine } from './machine.ts';
import { now } from './now.ts';

/** Under which conditions a run was measured. */
export interface Conditions {
  readonly machine: Machine;
  readonly loadAtEnd: number;
  /** Which share of all processors work other than the bench had meanwhile. null: the system does not tell. */
  readonly others: number | null;
  readonly rounds: number;
}

/** The load average has the bench's own work in it when it ends, but not when it begins. */
const LOAD_MAX = availableParallelism();
const OTHERS_MAX = 0.15;
const MS_PER_TICK = 10;

/** Watches what other work takes from the machine. */
export class Watch {
  readonly machine: Machine;
  readonly #startedAt = now();
  readonly #before = spent();

  /** @param before as the machine was when the bench had done nothing yet */
  constructor(before: Machine) {
    this.machine = before;
  }

  conditions(rounds: number): Conditions {
    const after = spent();
    const used = { allMs: after.allMs - this.#before.allMs, ownMs: after.ownMs - this.#before.ownMs };
    return {
      machine: this.machine,
      loadAtEnd: machine().load,
      others: othersOf(used, (now() - this.#startedAt) * availableParallelism()),
      rounds,
    };
  }
}

interface Spent {
  /** Processor time of the whole machine. */
  readonly allMs: number;
  /** Of the bench with all its processes, those that ended included. */
  readonly ownMs: number;
}

/** The share of others of all processor time that there was. null: the system does not tell. */
export function othersOf({ allMs, ownMs }: Spent, thereWasMs: number): number | null {
  const share = (allMs - ownMs) / thereWasMs;
  return Number.isFinite(share) ? Math.max(0, Number(share.toFixed(2))) : null;
}

/** Why a run that begins now could not be relied upon; undefined: it can. */
export function busyBefore({ load }: Machine): string | undefined {
  return load > LOAD_MAX ? `the load is ${load.toFixed(2)}, above ${LOAD_MAX}` : undefined;
}

/** Why a run cannot be relied upon; undefined: it can. */
export function busyDuring({ machine: before, others }: Conditions): string | undefined {
  const share = `other work had ${percent(others)} of the processors, more than ${percent(OTHERS_MAX)}`;
  return others !== null && others > OTHERS_MAX ? share : busyBefore(before);
}

export function loadsOf({ machine: { load }, loadAtEnd, others }: Conditions): string {
  return `load ${load.toFixed(2)} to ${loadAtEnd.toFixed(2)}, other work ${percent(others)}`;
}

function percent(share: number | null): string {
  return share === null ? 'unknown' : `${Math.round(share * 100)} %`;
}

function spent(): Spent {
  return { allMs: busyMs(), ownMs: cpuMsOfTree(process.pid) };
}

/** NaN where the system does not tell. What a host takes for others counts as busy. */
function busyMs(): number {
  if (process.platform !== 'linux') return Number.NaN;
  const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = first.split(/ +/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) * MS_PER_TICK;
}
