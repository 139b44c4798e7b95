import type { z } from 'zod';
import type { ClockJump } from '../model/clock.ts';
import type { Session } from '../model/session.ts';
import type { Task } from '../model/task.ts';
import type { EventDraft, EventType } from '../log/events.ts';
import type { CommandName } from '../log/lifecycle.ts';
import type { Renewal } from '../log/renewal.ts';
import type { Loaded } from '../storage/loaded.ts';
import type { Scope } from '../storage/scope.ts';
import type { ReceiptCodec } from './receipt-reply.ts';

/**
 * A command: what it takes, what it has to see, and what follows from what it sees. It declares all that the machinery around
 * it has to know, so nothing is guessed from the shape of its input or its reply. Pure, and nothing but data.
 */
export interface Command<Input extends CommandInput, Reply> {
  readonly name: CommandName | 'clock_jump' | 'restore';
  /** Checks and fills in the input; null for commands that no caller sends. */
  readonly input: z.ZodType<Input> | null;
  scope(input: Input): Scope;
  decide(input: Input, loaded: Loaded): Decision<Reply>;
  /** The events that it may write; any other is a broken rule. */
  readonly events: readonly EventType[];
  /** Whether it may end other holders' leases: then a jump of the clock must have been worked off before. */
  readonly endsOthersLeases?: true;
  /**
   * Input fields that do not belong to the request's identity: who sends it, and what that process happened to see. A restarted
   * agent can then ask again for what its dead process was answered.
   */
  readonly notIdentity?: readonly (keyof Input & string)[];
  /** How a reply with effect is remembered under the command's id; null: it is not, and the command is judged anew. */
  readonly receipt: ReceiptCodec<Input, Reply> | null;
}

/** What all inputs have once they are checked. */
export interface CommandInput {
  readonly namespace: string;
  readonly commandId?: string | undefined;
}

/** What a command decides: what happened, and what to answer once it has. */
export interface Decision<Reply> {
  readonly events: readonly EventDraft[];
  /** Proofs of life, after the events. */
  readonly renewals?: readonly Renewal[];
  /** How far the work on a clock jump has come; null: it is done. */
  readonly clockJump?: ClockJump | null;
  reply(after: After): Reply;
}

/** The rows as the events left them. */
export interface After {
  session(id: string): Session;
  task(id: string): Task;
}

/** A decision without effect. */
export function refuse<Reply>(reply: Reply): Decision<Reply> {
  return { events: [], reply: () => reply };
}
