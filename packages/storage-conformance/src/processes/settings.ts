import type { Storage } from '@agent-orchestrator/core';

/** What a child module exports: how another process opens the data. */
export interface OpenProcess {
  readonly open: (address: string) => Promise<Storage>;
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
  readonly tasks: number;
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

/** `sent`: the journal says so, nothing was sent yet · `answered`: it took effect, the journal does not yet say so. */
export interface Failpoint {
  readonly after: 'sent' | 'answered';
  /** At the first of these calls from the number on. */
  readonly call: number;
}

export interface ProcessRun extends Omit<Workload, 'child'> {
  /** A module that opens the data in another process: it exports `open(address)`. */
  readonly child: URL;
  /** Kills from outside, by SIGKILL, each followed by a restart. */
  readonly kills: number;
  /** Of workers by themselves, between a commit and the note of its answer. */
  readonly failpoints: number;
  /** Processes that stand still for longer than their leases last. */
  readonly pauses: number;
  readonly timeoutMs: number;
}

/** What was done to the processes, and what went wrong with them beside their calls. */
export interface Disturbed {
  kills: number;
  failpoints: number;
  pauses: number;
  starts: number;
  readonly crashes: string[];
  readonly startedAt: number;
  durationMs: number;
}

export type FromProcess = { readonly is: 'step' } | { readonly is: 'ready' };
export type ToProcess = { readonly is: 'finish' };
