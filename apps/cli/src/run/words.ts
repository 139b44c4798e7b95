import type { ClaimRecord, LeaseLost } from '@agent-orchestrator/core';
import type { OnLost, RunNews, RunResult } from '@agent-orchestrator/runtime';
import { relative } from '../output/time.ts';

/** What people are told while the command runs; null: nothing. */
export function newsLine(news: RunNews, onLost: OnLost): string | null {
  const then = onLost === 'warn' ? 'it goes on, as --on-lost warn says' : 'ending it';
  switch (news.is) {
    case 'paused':
      return 'the lease could not be renewed for too long: the command is paused until that is settled';
    case 'resumed':
      return 'the lease is still held: the command goes on';
    case 'cancel_requested':
      return 'cancellation was asked: ending the command';
    case 'timed_out':
      return 'the command took longer than its --timeout: ending it';
    case 'expired':
      return `the store could not be reached until the lease was over, and the command still runs: ${then}`;
    case 'lost':
      return `the lease is lost${lossOf(news.reply)}, and the command still runs: ${then}`;
    case 'hook_failed':
      return `--on-lost exec: ${news.message}`;
    case 'signalled':
      return null;
  }
}

/** What people are told at the end; null where the command has said all there is to say. */
export function endLine(result: RunResult, { task, lease }: ClaimRecord, now: number): string | null {
  const { reason, code, signal, status, runAt, message, lost } = result;
  const named = `task ${task.id}`;
  switch (reason) {
    case 'ended': {
      if (code === 0) return null;
      const how = signal === null ? `exit code ${code}` : signal;
      return `${named} failed (${how})${next(status, runAt, now)}`;
    }
    case 'timed_out':
      return `${named} failed (it took too long)${next(status, runAt, now)}`;
    case 'released_by_command':
      return null;
    case 'interrupted':
      return `${named} was given back; no attempt was charged`;
    case 'not_found':
    case 'not_executable':
    case 'not_started':
      return `error: ${message ?? 'The command could not be started'}. The task was given back; no attempt was charged.`;
    case 'cancelled':
      return `${named} is cancelled, as was asked`;
    case 'lease_lost':
      return `error: The lease on session ${lease.sessionId} was lost${lost === null ? '' : lossOf(lost)}: nothing was reported of ${named}. [LEASE_LOST]`;
    case 'store_unreachable':
      return `error: The store could not be told how ${named} came out${message === null ? '' : `: ${message}`} [STORE_UNREACHABLE]`;
  }
}

function next(status: RunResult['status'], runAt: number | null, now: number): string {
  if (status === 'cancelled') return '; it is cancelled, as was asked';
  return runAt === null ? '; it is a dead letter' : `; tried again ${relative(runAt, now)}`;
}

function lossOf({ endedBy, successor }: LeaseLost): string {
  const who = successor === undefined ? '' : `, ${successor.agent} has it now`;
  return `${endedBy === null ? '' : ` (${endedBy})`}${who}`;
}
