import type { ClaimRecord, LeaseRefusal } from '@agent-orchestrator/core';
import {
  artifactPlace,
  nameOf,
  referenceTo,
  type MissingArtifact,
  type OnLost,
  type RunNews,
  type RunResult,
} from '@agent-orchestrator/runtime';
import { withoutPasswords } from '@agent-orchestrator/runtime/without-passwords';
import type { ExitCode } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { printable } from '../output/printable.ts';
import { relative } from '../output/time.ts';
import { exitOfRun } from './exit-of-run.ts';

const GIVEN_BACK = 'The task was given back; no attempt was charged.';

/** The line for people while the command runs; null: none. */
export function newsLine(news: RunNews, onLost: OnLost): string | null {
  const then = onLost === 'warn' ? 'it continues, because of --on-lost warn' : 'ending it';
  switch (news.is) {
    case 'paused':
      return 'the lease was not renewed in time: the command is paused until a renewal succeeds';
    case 'resumed':
      return 'the lease is still held: the command continues';
    case 'cancel_requested':
      return 'cancellation was requested: ending the command';
    case 'timed_out':
      return 'the command took longer than its --timeout: ending it';
    case 'expired':
      if (news.error !== null) return `${news.error.message} The lease cannot be renewed from here: ${then}`;
      return `the lease expired because the store could not be reached, and the command still runs: ${then}`;
    case 'lost':
      return `the lease is lost${lossOf(news.reply)}, and the command still runs: ${then}`;
    case 'hook_failed':
      return `--on-lost exec: ${withoutPasswords(news.message)}`;
    case 'signalled':
      return null;
  }
}

/** The line for people about a file that the command did not leave. */
export function missingLine({ path, reason }: MissingArtifact): string {
  return `the artifact ${printable(artifactPlace({ path }))} could not be read: ${printable(reason)}`;
}

/** Why a run failed for another reason than the command; null: the command's exit code decides. */
export function failureOfRun(result: RunResult, { task }: ClaimRecord): Failure | null {
  const name = nameOf('task', task);
  const exit = exitOfRun(result) as ExitCode;
  const { lost, message } = result;
  switch (result.reason) {
    case 'not_found':
    case 'not_executable':
    case 'not_started':
      return new Failure('NOT_STARTED', `${message ?? 'The command could not be started'}.`, {
        exit,
        hint: GIVEN_BACK,
      });
    case 'lease_lost': {
      const said = `The lease of task ${name} was lost${lost === null ? '' : lossOf(lost)}.`;
      return new Failure('LEASE_LOST', said, {
        exit,
        hint: 'No outcome was reported: the next holder of the task does that.',
      });
    }
    case 'may_be_alive': {
      const said = `Something that the command of task ${name} started may still be alive.`;
      const why = `\`orchestrator why ${referenceTo('task', task)}\` shows what is known`;
      return new Failure('MAY_BE_ALIVE', said, { exit, hint: `The lease ends by its time; ${why}.` });
    }
    case 'store_unreachable':
      return unreachable(result, task, exit);
    case 'store_moved':
      return moved(result, task, exit);
    case 'journal_unwritable': {
      const said = `The outcome of task ${name} is not in the journal${message === null ? '.' : `: ${message}`}`;
      return new Failure('JOURNAL_UNWRITABLE', said, {
        exit,
        hint: `The store has answered: ${shows(task)}.`,
      });
    }
    case 'ended':
    case 'released_by_command':
    case 'interrupted':
    case 'timed_out':
    case 'cancelled':
      return null;
  }
}

type ClaimedTask = ClaimRecord['task'];

function unreachable(result: RunResult, task: ClaimedTask, exit: ExitCode): Failure {
  const { message, status, lost, outcomeUnknown } = result;
  const name = nameOf('task', task);
  // The store came back when the lease was over, and took the outcome, or had one already.
  if (status !== null || lost !== null)
    return new Failure('STORE_UNREACHABLE', 'The store could not be reached until the lease was over.', {
      exit,
      hint:
        lost === null ? takenAs(status, name) : `Task ${name} had been released before, with the token of this run.`,
    });
  if (outcomeUnknown)
    return new Failure('STORE_UNREACHABLE', `${sentence(message ?? 'The store did not answer')} ${notKnown(name)}`, {
      exit,
      hint: `${shows(task)}. If it did not arrive, the task is recovered when its lease is stale.`,
    });
  const said = `The outcome of task ${name} could not be reported${message === null ? '.' : `: ${message}`}`;
  return new Failure('STORE_UNREACHABLE', said, { exit, hint: 'The task is recovered when its lease is stale.' });
}

function moved({ message, outcomeUnknown }: RunResult, task: ClaimedTask, exit: ExitCode): Failure {
  const name = nameOf('task', task);
  const said = sentence(message ?? 'The store has moved');
  if (outcomeUnknown)
    return new Failure('STORE_MOVED', `${said} ${notKnown(name)}`, {
      exit,
      hint:
        `${shows(task)}, with --store and the new address. If it did not arrive, run the command again with that ` +
        '--store, and with --resume.',
    });
  return new Failure('STORE_MOVED', `${said} Task ${name} is still claimed there.`, {
    exit,
    hint: 'Run it again with --store and the new address, and with --resume: it takes the session back.',
  });
}

function shows(task: ClaimedTask): string {
  return `\`orchestrator task show ${referenceTo('task', task)}\` shows the task`;
}

function notKnown(name: string): string {
  return `It is not known whether the outcome of task ${name} arrived.`;
}

/** Messages of servers may end without a full stop. */
function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

function takenAs(status: RunResult['status'], name: string): string {
  return status === 'cancelled' ? `Task ${name} is cancelled, as requested.` : GIVEN_BACK;
}

/** The line for people at the end; null: the command has said enough. */
export function endLine(
  { reason, code, signal, status, runAt }: RunResult,
  { task }: ClaimRecord,
  now: number,
): string | null {
  const name = nameOf('task', task);
  switch (reason) {
    case 'ended': {
      if (code === 0) return null;
      const how = signal === null ? `exit code ${code}` : signal;
      return `task ${name} failed (${how})${next(status, runAt, now)}`;
    }
    case 'timed_out':
      return `task ${name} failed (it took too long)${next(status, runAt, now)}`;
    case 'interrupted':
      return `task ${name} was given back; no attempt was charged`;
    case 'cancelled':
      return `task ${name} is cancelled, as requested`;
    case 'released_by_command':
    case 'not_found':
    case 'not_executable':
    case 'not_started':
    case 'lease_lost':
    case 'may_be_alive':
    case 'store_unreachable':
    case 'store_moved':
    case 'journal_unwritable':
      return null;
  }
}

function next(status: RunResult['status'], runAt: number | null, now: number): string {
  if (status === 'cancelled') return '; it is cancelled, as requested';
  return runAt === null ? '; it is a dead letter' : `; tried again ${relative(runAt, now)}`;
}

function lossOf({ endedBy, successor }: LeaseRefusal): string {
  const who = successor === undefined ? '' : `, ${successor.agent} has it now`;
  return `${endedBy === null ? '' : ` (${endedBy})`}${who}`;
}
