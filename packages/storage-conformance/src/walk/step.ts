import type { AgentPolicy, ClaimNext, OnDependencyFailure, ReleaseOutcome } from '@agent-orchestrator/core';
import type { ClaimCall, TaskCall } from '../factories.ts';

/*
 * The steps of a random walk, as plain data: what a step is about is named by its place among all that the walk has met
 * so far, so a walk keeps its meaning while it shrinks.
 */

/** The task, session, lease or command at this place among those that the walk has met, counted round. */
export type Met = number;

/** A lease of those that were granted, as its holder names it; or as a process does that knows only its fence. */
export interface Holder {
  readonly met: Met;
  readonly knowsSecret: boolean;
}

/** How a lease is to end. */
export interface TaskEnd {
  readonly lease: Holder;
  readonly outcome: ReleaseOutcome;
  readonly final: boolean;
  readonly to: string;
  /** With `handed_off`: it goes back after so long. */
  readonly byMs: number | undefined;
  /** With `waiting`: for these, as far as they are in its namespace. Without any of them, it asks something. */
  readonly on: readonly Met[] | undefined;
  readonly policy: OnDependencyFailure;
}

/** The process that sends a command: which of the clocks it has, and whether it has just started. */
export interface Sender {
  readonly clock: 'right' | 'ahead' | 'behind';
  readonly started: boolean;
}

/** One command, sent over one of the two connections. */
export type CommandStep = { readonly peer: boolean; readonly sender?: Sender } & (
  | {
      readonly is: 'enqueue';
      readonly namespace: string;
      readonly tasks: readonly TaskCall[];
      /** The first of them depends on these, as far as they are in its namespace. */
      readonly after: readonly Met[] | undefined;
      readonly policy: OnDependencyFailure;
    }
  | {
      readonly is: 'claim';
      readonly namespace: string;
      readonly call: ClaimCall;
      readonly session: Met | undefined;
      readonly limit: number;
      readonly evidence: Met | undefined;
    }
  | {
      readonly is: 'heartbeat';
      readonly lease: Holder;
      readonly instance: string | undefined;
      readonly progress: number;
    }
  | { readonly is: 'checkpoint'; readonly lease: Holder; readonly turn: number | undefined; readonly data: number }
  | {
      readonly is: 'release';
      readonly end: TaskEnd;
      readonly next: Omit<ClaimNext, 'limit'> | undefined;
    }
  /** Several at once, in the namespace of the first; no lease twice. */
  | { readonly is: 'release_batch'; readonly ends: readonly TaskEnd[]; readonly next: ClaimNext | undefined }
  | { readonly is: 'recover'; readonly namespace: string; readonly limit: number; readonly evidence: Met | undefined }
  | { readonly is: 'cancel'; readonly task: Met }
  | { readonly is: 'retry'; readonly task: Met }
  /** With `guarded`, the question of the time now: mostly another than the one that is open. */
  | { readonly is: 'answer'; readonly task: Met; readonly agent: string | undefined; readonly guarded: boolean }
  | { readonly is: 'close'; readonly session: Met; readonly cancelTasks: boolean }
  | {
      readonly is: 'register';
      readonly namespace: string;
      readonly agent: string;
      readonly roles: readonly string[] | undefined;
      readonly human: boolean | undefined;
    }
  | { readonly is: 'drain'; readonly namespace: string; readonly agent: string }
  | { readonly is: 'retire'; readonly namespace: string; readonly agent: string }
  | { readonly is: 'policy'; readonly namespace: string; readonly agents: AgentPolicy }
  /** An earlier command again, with its command id. */
  | { readonly is: 'resend'; readonly sent: Met }
  /** An earlier command's id with another request. */
  | { readonly is: 'reuse'; readonly sent: Met }
);

/** The clocks move. Durations in milliseconds. */
export type TimeStep = { readonly is: 'advance' | 'set_wall' | 'sleep' | 'reboot'; readonly ms: number };

export type Step =
  | CommandStep
  | TimeStep
  | { readonly is: 'together'; readonly commands: readonly CommandStep[]; readonly sender?: undefined };
