import type { Evidence, ProcessIdentity } from '@agent-orchestrator/core';
import { attemptsOf, claimsIn, type Attempt, type Journal } from '@agent-orchestrator/core/journal';

/** What an agent's earlier runs left for this one. */
export interface Past {
  /** Sent, and never answered: to be sent again, as they were. */
  readonly unanswered: readonly Attempt[];
  /** The dedupe keys of the tasks that it has added for certain. */
  readonly added: ReadonlySet<string>;
  /** The leases that it may still hold, with the process that got them. */
  readonly leases: readonly {
    readonly sessionId: string;
    readonly token: number;
    readonly process: ProcessIdentity | null;
  }[];
}

export function pastOf(journals: readonly Journal[]): Past {
  const runs = journals.map((journal) => ({ attempts: attemptsOf(journal), process: processOf(journal) }));
  const attempts = runs.flatMap((run) => run.attempts);
  const known = new Set(attempts.filter(({ answeredAt }) => answeredAt !== null).map(idOf));
  const unanswered = attempts.filter(
    (attempt) => attempt.answeredAt === null && attempt.command !== 'heartbeat' && !known.has(idOf(attempt)),
  );
  return {
    // A command that was resent, and not answered again, stands in two journals.
    unanswered: [...new Map(unanswered.map((attempt) => [idOf(attempt), attempt])).values()],
    added: new Set(attempts.flatMap(addedBy)),
    leases: runs.flatMap(({ attempts, process }) =>
      attempts.flatMap(claimsIn).map(({ lease: { sessionId, token } }) => ({ sessionId, token, process })),
    ),
  };
}

/** Evidence against the earlier runs of this agent, which are gone for certain. */
export function evidenceOf({ leases }: Past, isGone: (process: ProcessIdentity) => boolean): Evidence[] {
  // The latest ones: an agent holds few at a time, and the number of proofs is limited.
  return leases.slice(-8).flatMap(({ sessionId, token, process }) =>
    process !== null && isGone(process)
      ? {
          sessionId,
          token,
          host: process.host,
          boot: process.boot,
          pid: process.pid,
          processStart: process.start,
          observed: 'no such process',
        }
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
