import { namespaceOf, type Attempt } from './attempt.ts';
import {
  isEffect,
  keyOfEffect,
  keysOfEvent,
  promisedEffects,
  type LoggedEvent,
  type PromisedEffect,
} from './promised-effects.ts';

/** An acknowledged call of which the log lacks some or all. */
export interface MissingOperation<Kept = Attempt> {
  readonly namespace: string;
  readonly commandId: string;
  /** What was kept of the call. */
  readonly attempt: Kept;
  /** What the log lacks. */
  readonly missing: readonly PromisedEffect[];
}

/**
 * Compares journals with the log. First it is told of every call, then it is shown the events, one by one and in any
 * order.
 *
 * Its memory is bounded by the journals: of each acknowledged call it keeps what the caller says, and those promised
 * effects that it has not seen yet.
 */
export class LogComparison<Kept = Attempt> {
  /** Those of which something has not been seen yet, by namespace. */
  readonly #calls = new Map<string, Set<Call<Kept>>>();
  readonly #promises = new Map<string, Set<Promised<Kept>>>();
  #count = 0;

  /** Adds a call. Only an acknowledged one promises anything. @param kept what `missing` is to tell of it */
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

  /** Shows an event of the log. */
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

  /** How many calls were acknowledged that leave something in the log. */
  get count(): number {
    return this.#count;
  }

  /** The namespaces of the calls. */
  get namespaces(): readonly string[] {
    return [...this.#calls.keys()];
  }

  /** Whether everything in a namespace has been seen. */
  isComplete(namespace: string): boolean {
    return (this.#calls.get(namespace)?.size ?? 0) === 0;
  }

  /** The calls of which something has not been seen; of each namespace in the order in which they were added. */
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
