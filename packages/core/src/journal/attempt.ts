import type { ErrorCode } from '../model/errors.ts';
import { DEFAULTS } from '../model/limits.ts';
import type { Answered, Journal, Sent, Threw } from './journal.ts';
import type { JournaledCallName, Calls } from './journaled.ts';

/** One attempt to send a command, and its outcome. */
export type Attempt<C extends JournaledCallName = JournaledCallName> = {
  [Name in C]: {
    readonly agent: string;
    readonly instance: string;
    readonly command: Name;
    readonly request: Calls[Name]['request'];
    readonly sentAt: number;
    /** Null while the outcome is unknown. */
    readonly reply: Calls[Name]['reply'] | null;
    /** When the answer or the error came; null: never. */
    readonly answeredAt: number | null;
    readonly outcome: Outcome;
  };
}[C];

/**
 * `acknowledged`: answered with ok · `refused`: answered otherwise, or failed in a way that certainly changed nothing ·
 * `unknown`: no answer, or an error that does not show whether it took effect.
 */
type Outcome = 'acknowledged' | 'refused' | 'unknown';

/** All attempts with one command id: they share one effect. */
export interface IssuedCommand {
  readonly namespace: string;
  readonly commandId: string;
  readonly attempts: readonly Attempt[];
}

/** Errors after which it is unknown whether the command took effect. */
const UNKNOWN_AFTER: readonly (ErrorCode | null)[] = [
  'OUTCOME_UNKNOWN',
  'STORE_IO',
  'STORE_UNREACHABLE',
  'INTERNAL',
  null,
];

/** The calls of a journal with their answers, in the order in which they were sent. */
export function attemptsOf(journal: Journal): Attempt[] {
  const started = journal.find((line) => line.is === 'started');
  const by = { agent: started?.agent ?? '', instance: started?.instance ?? '' };
  const ends = new Map<number, Answered | Threw>();
  for (const line of journal) if (line.is === 'answered' || line.is === 'threw') ends.set(line.call, line);
  return journal.flatMap((line) => (line.is === 'sent' ? attempt(by, line, ends.get(line.call)) : []));
}

export function groupByCommandId(attempts: readonly Attempt[]): IssuedCommand[] {
  const groups = new Map<string, { namespace: string; commandId: string; attempts: Attempt[] }>();
  for (const attempt of attempts) {
    if (attempt.command === 'heartbeat') continue;
    const namespace = namespaceOf(attempt);
    const { commandId } = attempt.request;
    const key = commandKey(namespace, commandId);
    const group = groups.get(key) ?? { namespace, commandId, attempts: [] };
    group.attempts.push(attempt);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** The namespace of a call, in NFC as in the store. */
export function namespaceOf({ request }: Attempt): string {
  return (request.namespace ?? DEFAULTS.namespace).normalize('NFC');
}

export function commandKey(namespace: string, commandId: string): string {
  return `${namespace}\n${commandId}`;
}

function attempt(by: { agent: string; instance: string }, sent: Sent, end: Answered | Threw | undefined): Attempt {
  const { command, request, at: sentAt } = sent;
  const reply = end?.is === 'answered' ? end.reply : null;
  // The reply belongs to the request of the same number, so it is of the same command.
  return { ...by, command, request, sentAt, reply, answeredAt: end?.at ?? null, outcome: outcomeOf(end) } as Attempt;
}

function outcomeOf(end: Answered | Threw | undefined): Outcome {
  if (end === undefined) return 'unknown';
  if (end.is === 'threw') return UNKNOWN_AFTER.includes(end.code) ? 'unknown' : 'refused';
  return end.reply.ok ? 'acknowledged' : 'refused';
}
