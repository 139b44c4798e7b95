import type { Storage } from '@agent-orchestrator/core';
import type { Failpoint, NamedFailpoint } from './failpoint.ts';

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
  /** How many tasks there are; null: workers go on adding some for as long as there are failpoints to reach. */
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
  /** Where the process is to kill itself, if it is: a kill from outside rarely hits the moment between commit and answer. */
  readonly failpoint: Failpoint | null;
}

export interface ProcessRun extends Omit<Workload, 'child'> {
  /** A module that opens the data in another process: it exports `open(address)`. */
  readonly child: URL;
  /** Kills from outside, by SIGKILL, each followed by a restart. */
  readonly kills: number;
  /** Of workers by themselves, between a commit and the note of its answer; or at named moments, each so many times. */
  readonly failpoints: number | { readonly at: readonly NamedFailpoint[]; readonly times: number };
  /** Processes that stand still for longer than their leases last. */
  readonly pauses: number;
  readonly timeoutMs: number;
}

/** What was done to the processes, and what went wrong with them beside their calls. */
export interface Disturbed {
  kills: number;
  failpoints: number;
  /** How often each named failpoint was reached. */
  readonly reached: Partial<Record<NamedFailpoint, number>>;
  pauses: number;
  starts: number;
  readonly crashes: string[];
  readonly startedAt: number;
  durationMs: number;
}

export type FromProcess = { readonly is: 'step' } | { readonly is: 'ready' };
export type ToProcess = { readonly is: 'finish' };
