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
 * A command: its input, the rows that it loads, and its decision on them. It declares everything that the code around
 * it needs to know, so nothing is guessed from the shape of its input or its reply. It is pure.
 */
export interface Command<Input extends CommandInput, Reply> {
  readonly name: CommandName | 'clock_jump' | 'reschedule' | 'restore';
  /** Checks and fills in the input; null for commands that no caller sends. */
  readonly input: z.ZodType<Input> | null;
  scope(input: Input): Scope;
  decide(input: Input, loaded: Loaded): Decision<Reply>;
  /** The events that it may write; any other is an internal error. */
  readonly events: readonly EventType[];
  /** Whether it may end leases of other holders: then a clock jump must be processed before. */
  readonly endsOthersLeases?: true;
  /**
   * Input fields that do not belong to the identity of the request: the sending process, and the evidence that it has.
   * So a restarted agent can send the request of its dead process again and get the same answer.
   */
  readonly notIdentity?: readonly (keyof Input & string)[];
  /** Why the reply is a refusal, for telemetry; a command without it refuses nothing as a whole. */
  readonly refusalReason?: (reply: Reply) => string | null;
  /** How a reply with effect is stored under the command's id; null: it is not stored, and a retry is decided again. */
  readonly receipt: ReceiptCodec<Input, Reply> | null;
}

/** The fields that all checked inputs have. */
export interface CommandInput {
  readonly namespace: string;
  readonly commandId?: string | undefined;
}

/** The decision of a command: the events, and the reply after they were applied. */
export interface Decision<Reply> {
  readonly events: readonly EventDraft[];
  /** Proofs of life, after the events. */
  readonly renewals?: readonly Renewal[];
  /** The progress of a clock jump; null: it is done. */
  readonly clockJump?: ClockJump | null;
  reply(after: After): Reply;
}

/** The rows after the events. */
export interface After {
  session(id: string): Session;
  task(id: string): Task;
}

/** A decision without effect. */
export function refuse<Reply>(reply: Reply): Decision<Reply> {
  return { events: [], reply: () => reply };
}

/** The reason of a reply that is a refusal. */
export function refusalReason(
  reply: { readonly ok: true } | { readonly ok: false; readonly reason: string },
): string | null {
  return reply.ok ? null : reply.reason;
}
