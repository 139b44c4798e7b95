import type { Event } from '@agent-orchestrator/core';
import { commandKey, missingAttempts, type Attempt, type MissingOperation } from '@agent-orchestrator/core/journal';
import { repeatedEffects, untoldGrants } from './effects.ts';
import { name, type History } from './history.ts';
import { violation, type Violation } from './violation.ts';

/**
 * I6. An acknowledged command is in the log, once, however often it was sent, and without effects that its answer
 * lacks.
 */
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

function effectsPresent({ events, eventsByCommand, attempts, commands }: History): Violation[] {
  const untoldBy = commands.flatMap(({ namespace, commandId, attempts: ofCommand }) => {
    const own = eventsByCommand.get(commandKey(namespace, commandId)) ?? [];
    return ofCommand.flatMap((attempt) => untold(attempt, commandId, own));
  });
  return [...missingAttempts(events, attempts).flatMap(lacking), ...untoldBy];
}

function lacking({ attempt: { agent, command }, commandId, missing }: MissingOperation): Violation[] {
  return missing.map(({ what }) =>
    violation('I6', [], `${command} of ${agent} was acknowledged, and the log lacks ${what}.`, commandId),
  );
}

function untold(attempt: Attempt, commandId: string, own: readonly Event[]): Violation[] {
  if (attempt.outcome !== 'acknowledged') return [];
  const { agent, command } = attempt;
  return untoldGrants(attempt, own).map((event) =>
    violation('I6', [event], `${command} of ${agent} was answered without ${name(event)}.`, commandId),
  );
}
