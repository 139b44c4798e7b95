import { CHAIN_START, hashEvent } from './chain.ts';
import { OrchestratorError } from '../model/errors.ts';
import type { Event } from './events.ts';
import { evolve } from './evolve.ts';
import { evolveAgent } from './evolve-agent.ts';
import type { Agent } from '../model/agent.ts';
import type { Session } from '../model/session.ts';
import type { Task } from '../model/task.ts';

/** Why an event cannot be at its place in the log. */
export interface Mistake {
  readonly kind: 'gap' | 'chain' | 'fence' | 'illegal_event';
  readonly message: string;
}

/** One session's log, folded from empty, event by event. */
export class Replay {
  session: Session | null = null;
  readonly tasks = new Map<string, Task>();
  #seq = 0;
  #hash = CHAIN_START;
  greatestFence = 0;

  /** @returns what is wrong with the event; it then has no effect, and the events after it cannot be checked */
  add(event: Event): Mistake | null {
    const mistake = this.#mistakeIn(event);
    if (mistake !== null) return mistake;
    try {
      const task = event.taskId === null ? null : (this.tasks.get(event.taskId) ?? null);
      const state = evolve({ session: this.session, task }, event);
      this.session = state.session;
      if (state.task !== null) this.tasks.set(state.task.id, state.task);
    } catch (error) {
      if (!(error instanceof OrchestratorError)) throw error;
      return { kind: 'illegal_event', message: error.message };
    }
    this.#seq = event.seq;
    this.#hash = event.hash;
    if (event.leaseEffect === 'granted') this.greatestFence = event.fence ?? 0;
    return null;
  }

  #mistakeIn(event: Event): Mistake | null {
    const mistake = linkMistake(event, this.#seq, this.#hash);
    if (mistake !== null) return mistake;
    if (event.leaseEffect === 'granted' && (event.fence ?? 0) <= this.greatestFence)
      return { kind: 'fence', message: `the fence ${event.fence} is not greater than the last fence granted before.` };
    return null;
  }
}

/** The log of one agent's entry of the registry, folded from empty, event by event. */
export class AgentReplay {
  agent: Agent | null = null;

  /** @returns what is wrong with the event; it then has no effect, and the events after it cannot be checked */
  add(event: Event): Mistake | null {
    const mistake = linkMistake(event, this.agent?.seq ?? 0, this.agent?.hash ?? CHAIN_START);
    if (mistake !== null) return mistake;
    try {
      this.agent = evolveAgent(this.agent, event);
      return null;
    } catch (error) {
      if (!(error instanceof OrchestratorError)) throw error;
      return { kind: 'illegal_event', message: error.message };
    }
  }
}

/**
 * Whether the event continues its stream, and is as it was written.
 *
 * @param lastSeq of the event before it, with its hash; 0 and `CHAIN_START` if there is none
 */
export function linkMistake({ id: _id, hash, ...hashed }: Event, lastSeq: number, lastHash: string): Mistake | null {
  const { seq, prevHash } = hashed;
  if (seq !== lastSeq + 1)
    return { kind: 'gap', message: `event ${lastSeq + 1} is missing: the next event is ${seq}.` };
  if (prevHash !== lastHash)
    return { kind: 'chain', message: `event ${seq} does not continue the hash chain of the event before it.` };
  if (hash !== hashEvent(hashed)) return { kind: 'chain', message: `event ${seq} was changed after it was written.` };
  return null;
}
