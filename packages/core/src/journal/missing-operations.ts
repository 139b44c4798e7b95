import type { Event } from '../log/events.ts';
import { attemptsOf, commandKey, groupByCommandId, type Attempt, type IssuedCommand } from './attempt.ts';
import type { Journal } from './journal.ts';
import { missingEffects } from './promised-effects.ts';

/** A command whose sender was told that it took effect, and of which the log lacks some or all. */
export interface MissingOperation {
  readonly commandId: string;
  /** As it was sent and answered. */
  readonly attempt: Attempt;
  /** What the log lacks, in words. */
  readonly missing: readonly string[];
}

/**
 * Compares the workers' journals with the log: what was acknowledged and is not there was lost after it was acknowledged, by
 * a fail-over to a standby that had not got it, by a restore of an older backup, or by a disk that lied. Heartbeats leave
 * nothing in the log, so they cannot be missed.
 *
 * @param events the whole log
 * @returns one for each command, in the order in which they were answered; empty: all is there
 */
export function missingOperations(events: readonly Event[], journals: readonly Journal[]): MissingOperation[] {
  const find = inLog(events);
  return groupByCommandId(journals.flatMap(attemptsOf))
    .flatMap((command) => missingAttempts(command, find).slice(0, 1))
    .toSorted((a, b) => (a.attempt.answeredAt ?? 0) - (b.attempt.answeredAt ?? 0));
}

/** Says how much is missing, in one sentence: "3 acknowledged operations are missing (2 claim, 1 release)." */
export function describeMissing(missing: readonly MissingOperation[]): string {
  if (missing.length === 0) return 'No acknowledged operation is missing.';
  const byCommand = [...Map.groupBy(missing, ({ attempt }) => attempt.command)];
  const counts = byCommand.map(([command, { length }]) => `${length} ${command}`).join(', ');
  return missing.length === 1
    ? `1 acknowledged operation is missing (${counts}).`
    : `${missing.length} acknowledged operations are missing (${counts}).`;
}

/** What the log has of a command, and of its whole namespace. */
export type FindInLog = (command: Pick<IssuedCommand, 'namespace' | 'commandId'>) => {
  readonly own: readonly Event[];
  readonly all: readonly Event[];
};

export function inLog(events: readonly Event[]): FindInLog {
  const all = Map.groupBy(events, ({ namespace }) => namespace);
  const own = Map.groupBy(events, ({ namespace, commandId }) => commandKey(namespace, commandId ?? ''));
  return ({ namespace, commandId }) => ({
    own: own.get(commandKey(namespace, commandId)) ?? [],
    all: all.get(namespace) ?? [],
  });
}

/** The acknowledged sendings of a command of which the log lacks something. */
export function missingAttempts({ attempts, ...command }: IssuedCommand, find: FindInLog): MissingOperation[] {
  const { own, all } = find(command);
  return attempts.flatMap((attempt) => {
    const missing = attempt.outcome === 'acknowledged' ? missingEffects(attempt, own, all) : [];
    return missing.length === 0 ? [] : { commandId: command.commandId, attempt, missing };
  });
}
