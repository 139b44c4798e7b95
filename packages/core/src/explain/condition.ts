/**
 * The form of the conditions for a claim, and what they are judged by.
 */
import type { ClaimInput } from '../commands/claim.ts';
import type { HeldLease } from '../commands/held-lease.ts';
import type { Event, EventType } from '../log/events.ts';
import type { Agent } from '../model/agent.ts';
import type { ClockJump } from '../model/clock.ts';
import type { Task } from '../model/task.ts';

/** The conditions for claiming a task, in the order in which they are listed. */
export type ConditionName =
  | 'not_ended'
  | 'answered'
  | 'due'
  | 'dependencies_ended'
  | 'session_open'
  | 'has_task'
  | 'not_held'
  | 'first_in_queue'
  | 'agent_may_claim'
  | 'addressee'
  | 'reviewed'
  | 'not_own_work'
  | 'kind'
  | 'not_cancelled'
  | 'attempts_left'
  | 'clock_settled';

/** One condition, and whether it is met. Times in the sentences are ISO-8601 in UTC. */
export interface Condition {
  readonly name: ConditionName;
  readonly holds: boolean;
  readonly says: string;
  /** When it changes by itself, in milliseconds; null: never, or unknown. */
  readonly changesAt: number | null;
  /** What to do next; null: there is nothing to do. */
  readonly nextStep: string | null;
  /** Ids of the events that prove it. */
  readonly events: readonly number[];
}

/** A task and its surroundings, as a claim of its session would see them. */
export interface Situation {
  readonly task: Task;
  /** The task's session, its running task and its head; null if no agent holds the session. */
  readonly held: HeldLease | null;
  /** The first waiting task of the session. */
  readonly head: Task | null;
  readonly now: number;
  readonly jump: ClockJump | null;
  /** The claim to explain. */
  readonly claim: ClaimInput;
  /** The entries of the registry for the claimant. */
  readonly agents: readonly Agent[];
  /** Whether the task is for a name or a role that no agent has. */
  readonly isForUnknown: boolean;
  /** Whether the registry lets the agent claim nothing that the task is for. */
  readonly isForRefused: boolean;
  /** Of a review: another one of its round that the claimant holds; null: it holds none. */
  readonly heldOfRound: Task | null;
  /** The events of the task, without checkpoints. */
  readonly history: readonly Event[];
  /** The events of the task that runs in its session, without checkpoints. */
  readonly historyOfRunning: readonly Event[];
  /** The tasks that it waits for. */
  readonly waitsFor?: readonly Task[];
}

/** A condition that holds. */
export function met(name: ConditionName, says: string, events: readonly number[] = []): Condition {
  return { name, holds: true, says, changesAt: null, nextStep: null, events };
}

/** A condition that does not hold. */
export function unmet(
  name: ConditionName,
  says: string,
  more: { readonly changesAt?: number; readonly nextStep?: string | null; readonly events?: readonly number[] },
): Condition {
  return {
    name,
    holds: false,
    says,
    changesAt: more.changesAt ?? null,
    nextStep: more.nextStep ?? null,
    events: more.events ?? [],
  };
}

export function lastOf(history: readonly Event[], types: readonly EventType[]): number[] {
  const last = history.findLast(({ type }) => types.includes(type));
  return last === undefined ? [] : [last.id];
}
