import type { Command, CommandInput, Decision } from '../../src/commands/command.ts';
import { plainReply } from '../../src/commands/receipt-reply.ts';

/** The input of a planted command: whatever a test wants, under a command id. */
export interface PlantedInput extends CommandInput {
  readonly [field: string]: unknown;
}

/** A command that the product does not have, to show what holds for every command. It is shown the session `s`. */
export function planted<Reply>(
  decision: Decision<Reply>,
  declared: Partial<Command<PlantedInput, Reply>> = {},
): Command<PlantedInput, Reply> {
  return {
    name: 'close',
    input: null,
    events: [],
    receipt: plainReply(),
    scope: ({ namespace, commandId }) => ({ by: 'sessions', namespace, commandId, sessions: [{ sessionId: 's' }] }),
    decide: () => decision,
    ...declared,
  };
}
