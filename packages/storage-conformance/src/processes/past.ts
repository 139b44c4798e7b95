import type { Evidence, ProcessIdentity } from '@agent-orchestrator/core';
import {
  attemptsOf,
  claimsIn,
  type Attempt,
  type JournaledCallName,
  type Journal,
} from '@agent-orchestrator/core/journal';
import { evidenceAgainst } from '../factories.ts';
import type { SentCalls } from '../checker/journaled-calls.ts';
import { seedFor, tokenAgain } from './seed.ts';

/** What an agent's earlier runs left for this one. */
export interface Past {
  /** Sent, and never answered: to be sent again, as they were. */
  readonly unanswered: readonly Unanswered[];
  /** The dedupe keys of the tasks that it has added for certain. */
  readonly added: ReadonlySet<string>;
  /** The leases that it may still hold, with the process that got them. */
  readonly leases: readonly PastLease[];
}

/** A call with its secrets, which are not in the journal: they are made again. */
type Unanswered = {
  [C in JournaledCallName]: { readonly command: C; readonly request: SentCalls[C]['request'] };
}[JournaledCallName];

/** A lease in an answer to an earlier run. Its token is not in the journal: it is made again. */
interface PastLease {
  readonly sessionId: string;
  readonly fence: number;
  readonly token: string;
  readonly process: ProcessIdentity | null;
}

export function pastOf(journals: readonly Journal[]): Past {
  const runs = journals.map((journal) => ({ attempts: attemptsOf(journal), process: processOf(journal) }));
  const attempts = runs.flatMap((run) => run.attempts);
  const known = new Set(attempts.filter(({ answeredAt }) => answeredAt !== null).map(idOf));
  const unanswered = attempts.filter(
    (attempt) => attempt.answeredAt === null && attempt.command !== 'heartbeat' && !known.has(idOf(attempt)),
  );
  const leases = runs.flatMap(({ attempts, process }) =>
    attempts.flatMap((attempt) => leasesOf(attempt).map((lease) => ({ ...lease, process }))),
  );
  const tokens = new Map(leases.map(({ fence, token }) => [fence, token]));
  return {
    // A command that was resent, and not answered again, is in two journals.
    unanswered: [...new Map(unanswered.map((attempt) => [idOf(attempt), asSent(attempt, tokens)])).values()],
    added: new Set(attempts.flatMap(addedBy)),
    leases,
  };
}

/** @param tokens by fence, of all leases that the agent was told of: it cannot have released any other */
function asSent(attempt: Attempt, tokens: ReadonlyMap<number, string>): Unanswered {
  const withToken = <R extends { readonly fence: number }>({ fence, ...rest }: R) => ({
    ...rest,
    token: tokens.get(fence) ?? '',
  });
  switch (attempt.command) {
    case 'claim':
      return { command: 'claim', request: { ...attempt.request, seed: seedFor(attempt.request.commandId) } };
    case 'heartbeat':
      return { command: 'heartbeat', request: withToken(attempt.request) };
    case 'checkpoint':
      return { command: 'checkpoint', request: withToken(attempt.request) };
    case 'release': {
      const { items, ...batch } = attempt.request;
      const request = { ...batch, seed: seedFor(batch.commandId), items: items.map(withToken) };
      return { command: 'release', request };
    }
    default:
      return attempt;
  }
}

function leasesOf(attempt: Attempt): Omit<PastLease, 'process'>[] {
  return claimsIn(attempt).map(({ lease: { sessionId, fence } }) => ({
    sessionId,
    fence,
    token: tokenAgain(idOf(attempt), fence),
  }));
}

/** Evidence against the earlier runs of this agent, which are gone for certain. */
export function evidenceOf({ leases }: Past, isGone: (process: ProcessIdentity) => boolean): Evidence[] {
  // The latest ones: an agent holds few at a time, and the number of proofs is limited.
  return leases
    .slice(-8)
    .flatMap(({ process, ...lease }) =>
      process !== null && isGone(process)
        ? { ...evidenceAgainst({ lease }, process), observed: 'no such process' }
        : [],
    );
}

function processOf(journal: Journal): ProcessIdentity | null {
  const started = journal.find((line) => line.is === 'started');
  return started?.process ?? null;
}

function addedBy(attempt: Attempt): string[] {
  return attempt.command === 'enqueue' && attempt.reply !== null
    ? attempt.reply.tasks.map(({ task }) => task.dedupeKey ?? '')
    : [];
}

function idOf({ request }: Attempt): string {
  return 'commandId' in request && request.commandId !== undefined ? request.commandId : '';
}
