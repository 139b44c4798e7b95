import type { Event, EventType } from '@agent-orchestrator/core';
import { EVENT_DOCS } from '@agent-orchestrator/runtime';
import { Column } from './column.ts';
import type { NumberedTexts } from './numbered-texts.ts';

const EVENT_TYPES = Object.keys(EVENT_DOCS) as EventType[];
const TYPE_NUMBERS = new Map(EVENT_TYPES.map((type, number) => [type, number]));

/** For a column: the number of a type of event, from 1. */
export function numberOfType(type: EventType): number {
  return (TYPE_NUMBERS.get(type) ?? -1) + 1;
}

export function typeOfNumber(number: number): EventType | null {
  return EVENT_TYPES[number - 1] ?? null;
}

/**
 * The events by their place in the log. The state after the first `n` events is called the state at ordinal `n`. Ids
 * have gaps, after a restore one of a billion: so nothing is computed with ids.
 */
export class EventIndex {
  readonly #ids = Column.ofLarge();
  /** The latest time so far: it ascends, even where the clocks of two sessions differ. */
  readonly #times = Column.ofLarge();
  readonly #types = Column.ofBytes();
  readonly #agents = Column.ofIntegers();
  /** By the number of the agent: the ordinal of its last event. */
  readonly #lastOfAgent = Column.ofIntegers();

  get length(): number {
    return this.#ids.length;
  }

  add({ id, at, type, agent }: Event, names: NumberedTexts): void {
    this.#ids.push(id);
    this.#times.push(Math.max(at, this.length < 2 ? at : this.#times.at(this.#times.length - 1)));
    this.#types.push(numberOfType(type));
    const number = names.numberOf(agent);
    this.#agents.push(number);
    if (number >= 0) this.#lastOfAgent.assign(number, this.length);
  }

  /** The id of the last event at this ordinal; 0 if there is none. */
  idAt(ordinal: number): number {
    return ordinal < 1 ? 0 : this.#ids.at(ordinal - 1);
  }

  /** Milliseconds; 0 if there is no event. */
  timeAt(ordinal: number): number {
    return ordinal < 1 ? 0 : this.#times.at(ordinal - 1);
  }

  typeAt(ordinal: number): EventType | null {
    return ordinal < 1 ? null : typeOfNumber(this.#types.at(ordinal - 1));
  }

  /** The agents that had done something up to an ordinal: their numbers, and the ordinals of their last events. */
  *agentsSeen(ordinal: number): Generator<readonly [agent: number, ordinal: number]> {
    const lasts = ordinal >= this.length ? this.#lastOfAgent : this.#lastsAt(ordinal);
    for (let agent = 0; agent < lasts.length; agent += 1) if (lasts.at(agent) >= 0) yield [agent, lasts.at(agent)];
  }

  #lastsAt(ordinal: number): Column {
    const lasts = Column.ofIntegers();
    for (let one = 1; one <= ordinal; one += 1) {
      const agent = this.#agents.at(one - 1);
      if (agent >= 0) lasts.assign(agent, one);
    }
    return lasts;
  }

  /** The ordinal of the last event whose id is not greater. */
  ordinalOfId(id: number): number {
    return this.#ids.countUpTo(id);
  }

  /** The ordinal of the last event that happened at this time or before. */
  ordinalOfTime(ms: number): number {
    return this.#times.countUpTo(ms);
  }
}
