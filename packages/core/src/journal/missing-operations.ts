import { attemptsOf, commandKey, type Attempt } from './attempt.ts';
import type { JournaledCallName } from './journaled.ts';
import type { Journal } from './journal.ts';
import { LogComparison, type MissingOperation } from './log-comparison.ts';
import type { LoggedEvent } from './promised-effects.ts';

/**
 * Compares the workers' journals with the log. An acknowledged operation that is not in the log was lost after the
 * acknowledgement: by a fail-over to a standby that had not received it, by a restore of an older backup, or by a disk
 * that lost a flushed write. Heartbeats leave no event, so they cannot be missing.
 *
 * @param events the whole log; for a long one, see `LogComparison`
 * @returns one for each command, in the order of their answers; empty: nothing is missing
 */
export function missingOperations(events: Iterable<LoggedEvent>, journals: readonly Journal[]): MissingOperation[] {
  return oncePerCommand(missingAttempts(events, journals.flatMap(attemptsOf)));
}

/**
 * The acknowledged calls whose effects are not all in the log. A command that was retried may be among them more than
 * once.
 */
export function missingAttempts(events: Iterable<LoggedEvent>, attempts: readonly Attempt[]): MissingOperation[] {
  const comparison = new LogComparison();
  for (const attempt of attempts) comparison.expect(attempt, attempt);
  for (const event of events) comparison.see(event);
  return comparison.missing();
}

/** One for each command, in the order in which they were answered. */
export function oncePerCommand<Kept extends Pick<Attempt, 'answeredAt'>>(
  missing: readonly MissingOperation<Kept>[],
): MissingOperation<Kept>[] {
  const byCommand = Map.groupBy(missing, ({ namespace, commandId }) => commandKey(namespace, commandId));
  return [...byCommand.values()]
    .flatMap((ofCommand) => ofCommand.slice(0, 1))
    .toSorted((a, b) => (a.attempt.answeredAt ?? 0) - (b.attempt.answeredAt ?? 0));
}

/** Describes what is missing in one sentence: "3 acknowledged operations are missing (2 claim, 1 release)." */
export function describeMissing(
  missing: readonly { readonly attempt: { readonly command: JournaledCallName } }[],
): string {
  if (missing.length === 0) return 'No acknowledged operation is missing.';
  const byCommand = [...Map.groupBy(missing, ({ attempt }) => attempt.command)];
  const counts = byCommand.map(([command, { length }]) => `${length} ${command}`).join(', ');
  return missing.length === 1
    ? `1 acknowledged operation is missing (${counts}).`
    : `${missing.length} acknowledged operations are missing (${counts}).`;
}
