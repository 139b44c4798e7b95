import type { z } from 'zod';
import type { ClockJump } from '../model/clock.ts';
import type { DependencyEnd } from '../model/dependency.ts';
import type { Session } from '../model/session.ts';
import type { Task } from '../model/task.ts';
import type { Agent } from '../model/agent.ts';
import type { AgentEventDraft, EventDraft, EventType } from '../log/events.ts';
import type { CommandName } from '../log/lifecycle.ts';
import type { Renewal } from '../log/renewal.ts';
import type { Loaded } from '../storage/loaded.ts';
import { internalError } from '../model/errors.ts';
import type { Scope, SessionsScope } from '../storage/scope.ts';
import type { Asking } from './admission.ts';
import type { ReceiptCodec } from './receipt-reply.ts';

/**
 * A command: its input, the rows that it loads, and its decision on them. It declares everything that the code around
 * it needs to know, so nothing is guessed from the shape of its input or its reply. It is pure.
 */
export interface Command<Input extends CommandInput, Reply> {
  readonly name: CommandName | 'clock_jump' | 'reschedule' | 'restore' | 'settle';
  /** Checks and fills in the input; null for commands that no caller sends. */
  readonly input: z.ZodType<Input> | null;
  scope(input: Input, known?: Known): Scope;
  /** The agent that asks for leases; null: this call asks for none. Its entry of the registry must be loaded. */
  claimant?(input: Input): Asking | null;
  decide(input: Input, loaded: Loaded): Decision<Reply>;
  /** The events that it may write; any other is an internal error. */
  readonly events: readonly EventType[];
  /** Whether it may end leases of other holders: then a clock jump must be processed before. */
  readonly endsOthersLeases?: true;
  /** Whether `settle` runs before it is decided, if anything of the namespace is due (`Loaded.isDue`). */
  readonly settles?: true;
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
  /** Events of the registry. */
  readonly agentEvents?: readonly AgentEventDraft[];
  /** Proofs of life, after the events. */
  readonly renewals?: readonly Renewal[];
  /** Rows that have to be loaded before it can be decided: nothing happens, and the command is executed once more. */
  readonly needs?: Needs;
  /** Ends of dependencies that were applied, to be deleted. */
  readonly settledEnds?: readonly DependencyEnd[];
  /** The progress of a clock jump; null: it is done. */
  readonly clockJump?: ClockJump | null;
  reply(after: After): Reply;
}

/** The rows after the events. */
export interface After {
  session(id: string): Session;
  task(id: string): Task;
  agent(name: string): Agent;
}

/** What was found out by executing the command before, with the same input. */
export interface Known {
  /** The roles that the registry gives the claimant, as far as they are known before it is loaded. */
  readonly registered?: readonly string[];
  /** What an earlier decision has asked for besides. */
  readonly needs?: Needs;
  /** What was due is done, or other units of work do it: the command is decided whatever is due now. */
  readonly isSettled?: boolean;
}

/** Rows that only what was loaded shows to be needed: fields of the scopes that can load them. */
export type Needs = Pick<SessionsScope, 'extraTaskIds' | 'newRows' | 'related'> & Pick<Scope, 'agents'>;

/** The decision that more has to be loaded. */
export function needMore<Reply>(needs: Needs): Decision<Reply> {
  return {
    events: [],
    needs,
    reply: () => {
      throw internalError('A command that needs more rows has no reply.');
    },
  };
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
