import type { Event } from '@agent-orchestrator/core';
import { commandKey, namespaceOf, type Attempt } from './command.ts';
import { missingEffects, repeatedEffects, untoldGrants } from './effects.ts';
import { groupBy, name, type History } from './history.ts';
import { violation, type Violation } from './violation.ts';

/** I6. What was acknowledged stands in the log, once, however often it was sent; and nothing of it that was not told. */
export function oneEffect(history: History): Violation[] {
  return [...effectsOnce(history), ...effectsPresent(history)];
}

/** Whatever its outcome: the same command id never does the same thing twice. */
function effectsOnce({ eventsByCommand }: History): Violation[] {
  return [...eventsByCommand.values()].flatMap((own) =>
    repeatedEffects(own).map((same) =>
      violation(
        'I6',
        same,
        `one command had its effect ${same.length} times: ${same.map(name).join(', ')}.`,
        same[0]?.commandId,
      ),
    ),
  );
}

function effectsPresent({ events, eventsByCommand, commands }: History): Violation[] {
  const logs = groupBy(events, ({ namespace }) => namespace);
  return commands.flatMap(({ namespace, commandId, attempts }) => {
    const own = eventsByCommand.get(commandKey(namespace, commandId)) ?? [];
    return attempts.flatMap((attempt) => checkAttempt(attempt, commandId, own, logs.get(namespaceOf(attempt)) ?? []));
  });
}

function checkAttempt(attempt: Attempt, commandId: string, own: readonly Event[], log: readonly Event[]): Violation[] {
  if (attempt.outcome !== 'acknowledged') return [];
  const { agent, command } = attempt;
  const missing = missingEffects(attempt, own, log).map((what) =>
    violation('I6', [], `${command} of ${agent} was acknowledged, and the log lacks ${what}.`, commandId),
  );
  const untold = untoldGrants(attempt, own).map((event) =>
    violation('I6', [event], `${command} of ${agent} was answered without ${name(event)}.`, commandId),
  );
  return [...missing, ...untold];
}
