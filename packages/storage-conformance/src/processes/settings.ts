import type { Storage } from '@agent-orchestrator/core';
import type { Tolerances } from '../checker/history.ts';
import type { Failpoint, NamedFailpoint } from './failpoint.ts';
import type { Random } from './random.ts';

/** What a child module exports: how another process opens the data. */
export interface OpenProcess {
  readonly open: (address: string) => Promise<Storage>;
  /** Calls back whenever all of a transaction is written, or is on its way, and its commit is not yet confirmed. */
  readonly onCommitting?: (listener: () => void) => void;
}

/** The work of a run, told to every worker. */
export interface Workload {
  readonly seed: number;
  /** URL of a module that exports `open` (see `OpenProcess`). */
  readonly child: string;
  readonly address: string;
  /** Where the journals are kept. */
  readonly folder: string;
  readonly workers: number;
  /** The number of tasks; null: workers continue to add tasks as long as there are failpoints to reach. */
  readonly tasks: number | null;
  /** Half of the tasks belong to these sessions, the others each have one of their own. */
  readonly sharedSessions: number;
  readonly ttlMs: number;
  readonly staleAfterMs: number;
}

/** One run of one process. */
export interface ProcessSettings {
  readonly workload: Workload;
  readonly role: 'worker' | 'follower';
  /** The name, the same in every run; runs are numbered from 1. */
  readonly agent: string;
  readonly number: number;
  readonly run: number;
  /**
   * Where the process is to kill itself, if it is: a kill from outside rarely hits the moment between commit and
   * answer.
   */
  readonly failpoint: Failpoint | null;
}

export interface ProcessRun extends Omit<Workload, 'child'> {
  /** A module that opens the data in another process: it exports `open(address)`. */
  readonly child: URL;
  /** Kills from outside, by SIGKILL, each followed by a restart. */
  readonly kills: number;
  /** Of workers by themselves, between a commit and the note of its answer; or at named moments, each so many times. */
  readonly failpoints: number | { readonly at: readonly NamedFailpoint[]; readonly times: number };
  /** Processes that are halted for longer than their leases last. */
  readonly pauses: number;
  /** Where the workers run, in turn; on this machine, and at the run's address, if left out. */
  readonly machines?: readonly Machine[];
  /** What happens to others than the processes. */
  readonly incidents?: readonly Incident[];
  /** How far the clocks of the run may be trusted, and how long a commit may take. */
  readonly tolerances?: Partial<Tolerances>;
  readonly timeoutMs: number;
}

/** A place where workers run. */
export interface Machine {
  /** Of the data, as seen from there. */
  readonly address: string;
  /** What runs a program there: the program and its arguments follow. */
  readonly command: readonly string[];
}

/**
 * Something that is done to what the processes depend on, at random moments of the run; one incident after the other.
 */
export interface Incident {
  readonly name: string;
  readonly times: number;
  readonly happen: (random: Random) => Promise<void>;
}

/** What was done to the processes, and what went wrong with them beside their calls. */
export interface Disturbed {
  kills: number;
  failpoints: number;
  /** How often each named failpoint was reached. */
  readonly reached: Partial<Record<NamedFailpoint, number>>;
  pauses: number;
  starts: number;
  /** By name. */
  readonly incidents: Record<string, number>;
  readonly crashes: string[];
  readonly startedAt: number;
  durationMs: number;
}

/** `caught_up`: the calls that an earlier run of the worker left without an answer have their answers. */
export type FromProcess = { readonly is: 'step' | 'ready' | 'caught_up' };
export type ToProcess = { readonly is: 'finish' };
