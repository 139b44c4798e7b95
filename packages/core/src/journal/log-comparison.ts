import { namespaceOf, type Attempt } from './attempt.ts';
import {
  isEffect,
  keyOfEffect,
  keysOfEvent,
  promisedEffects,
  type LoggedEvent,
  type PromisedEffect,
} from './promised-effects.ts';

/** An acknowledged call whose effects are not all in the log. */
export interface MissingOperation<Kept = Attempt> {
  readonly namespace: string;
  readonly commandId: string;
  /** The value that the caller gave for this call. */
  readonly attempt: Kept;
  /** The effects that are not in the log. */
  readonly missing: readonly PromisedEffect[];
}

/**
 * Compares journals with the log. First it gets every call, then the events, one by one and in any order.
 *
 * Its memory is bounded by the journals: for each acknowledged call it keeps the value that the caller gave, and the
 * promised effects that it has not seen yet.
 */
export class LogComparison<Kept = Attempt> {
  /** The calls with an effect that has not been seen yet, by namespace. */
  readonly #calls = new Map<string, Set<Call<Kept>>>();
  readonly #promises = new Map<string, Set<Promised<Kept>>>();
  #count = 0;

  /**
   * Adds a call. Only an acknowledged one promises effects.
   *
   * @param kept the value that `missing` answers for it
   */
  expect(attempt: Attempt, kept: Kept): void {
    const { outcome, command, request } = attempt;
    if (outcome !== 'acknowledged' || command === 'heartbeat') return;
    const effects = promisedEffects(attempt);
    if (effects.length === 0) return;
    const call = { namespace: namespaceOf(attempt), commandId: request.commandId, kept, missing: new Set(effects) };
    at(this.#calls, call.namespace).add(call);
    this.#count += 1;
    for (const effect of effects)
      at(this.#promises, inNamespace(call.namespace, keyOfEffect(effect))).add({ call, effect });
  }

  /** Compares an event of the log. */
  see(event: LoggedEvent): void {
    for (const key of keysOfEvent(event)) {
      const promises = this.#promises.get(inNamespace(event.namespace, key));
      for (const promised of promises ?? []) {
        const { call, effect } = promised;
        if (!isEffect(event, effect, call.commandId)) continue;
        promises?.delete(promised);
        call.missing.delete(effect);
        if (call.missing.size === 0) this.#calls.get(call.namespace)?.delete(call);
      }
    }
  }

  /** How many acknowledged calls must have left an event in the log. */
  get count(): number {
    return this.#count;
  }

  /** The namespaces of the calls. */
  get namespaces(): readonly string[] {
    return [...this.#calls.keys()];
  }

  /** Whether every promised effect in a namespace has been seen. */
  isComplete(namespace: string): boolean {
    return (this.#calls.get(namespace)?.size ?? 0) === 0;
  }

  /** The calls with an effect that has not been seen; those of a namespace in the order in which they were added. */
  missing(): MissingOperation<Kept>[] {
    return [...this.#calls.values()].flatMap((calls) =>
      [...calls].map(({ namespace, commandId, kept, missing }) => ({
        namespace,
        commandId,
        attempt: kept,
        missing: [...missing],
      })),
    );
  }
}

/** The set at a key; made if there is none. */
function at<T>(sets: Map<string, Set<T>>, key: string): Set<T> {
  const set = sets.get(key) ?? new Set<T>();
  sets.set(key, set);
  return set;
}

interface Call<Kept> {
  readonly namespace: string;
  readonly commandId: string;
  readonly kept: Kept;
  readonly missing: Set<PromisedEffect>;
}

interface Promised<Kept> {
  readonly call: Call<Kept>;
  readonly effect: PromisedEffect;
}

function inNamespace(namespace: string, key: string): string {
  return `${namespace}\n${key}`;
}
