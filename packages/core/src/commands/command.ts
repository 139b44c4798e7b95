import type { ClockJump } from '../model/clock.ts';
import type { EventDraft } from '../log/events.ts';
import type { Renewal } from '../log/renewal.ts';
import type { ProcessIdentity } from '../model/lease.ts';
import type { CommandName } from '../log/lifecycle.ts';
import type { Session } from '../model/session.ts';
import type { Loaded } from '../storage/loaded.ts';
import type { Scope } from '../storage/scope.ts';
import type { Task } from '../model/task.ts';

/** A command: what it needs to see, and what follows from what it sees. Pure, and nothing but data. */
export interface Command<Input, Reply> {
  readonly name: CommandName | 'clock_jump' | 'restore';
  scope(input: Input): Scope;
  decide(input: Input, loaded: Loaded): Judgement<Reply>;
  /** Whether it may end other holders' leases: then a jump of the clock must have been worked off before. */
  readonly endsOthersLeases?: boolean;
  /** Whether what it did is remembered by its command id. */
  readonly leavesReceipt: boolean;
}

/** What all inputs carry once they are checked. */
export interface CommandInput {
  readonly namespace: string;
  readonly commandId?: string | undefined;
  readonly process?: ProcessIdentity | undefined;
  readonly evidence?: readonly object[] | undefined;
}

/** A command's verdict: what happened, and what to answer once it has. */
export interface Judgement<Reply> {
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

/** A verdict without effect. */
export function refuse<Reply>(reply: Reply): Judgement<Reply> {
  return { events: [], reply: () => reply };
}
