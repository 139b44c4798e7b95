import type { CommandEnd, ObservedCommand, Telemetry } from '@agent-orchestrator/core';
import { appendRefusals, type RefusalCount, type Refusals } from './refusal-files.ts';

/** How long counts are only in memory, at most. A process that is killed loses them. */
const FLUSH_MS = 10_000;

/** So many holders are remembered. */
const HOLDERS_MAX = 1_000;

/** Where counts go, and a timer. */
interface RefusalSink {
  write(counts: readonly RefusalCount[]): void;
  /** Calls `run` once, after `ms`. @returns cancels it */
  after(ms: number, run: () => void): () => void;
}

/**
 * Counts what was refused without leaving an event in the log: duplicate tasks, and calls that lost against another
 * holder. Such a refusal takes no lock, so it is counted in memory, and written to a file of this machine when the
 * orchestrator closes, or after ten seconds.
 */
export class RefusalCounts implements Telemetry {
  readonly #sink: RefusalSink;
  readonly #counts = new Map<string, Refusals>();
  /** The holders against whom a claim has lost, so that a claim that waits for one counts once. */
  readonly #holders = new Set<string>();
  #cancelFlush: (() => void) | null = null;

  constructor(sink: RefusalSink) {
    this.#sink = sink;
  }

  started(_command: string, namespace: string): ObservedCommand {
    return { ended: (end) => this.#count(namespace, end) };
  }

  closed(): void {
    this.#flush();
  }

  #count(namespace: string, { parts, busyWith }: CommandEnd): void {
    const duplicateSuppressed = parts['duplicate'] ?? 0;
    const isKnown = busyWith !== undefined && this.#isKnown(namespace, busyWith);
    const leaseConflicts = (isKnown ? 0 : (parts['busy'] ?? 0)) + (parts['lease_lost'] ?? 0);
    if (duplicateSuppressed + leaseConflicts === 0) return;
    const before = this.#counts.get(namespace);
    this.#counts.set(namespace, {
      duplicateSuppressed: (before?.duplicateSuppressed ?? 0) + duplicateSuppressed,
      leaseConflicts: (before?.leaseConflicts ?? 0) + leaseConflicts,
    });
    this.#cancelFlush ??= this.#sink.after(FLUSH_MS, () => this.#flush());
  }

  #isKnown(namespace: string, { sessionId, heldBy }: NonNullable<CommandEnd['busyWith']>): boolean {
    const key = JSON.stringify([namespace, sessionId, heldBy.agent, heldBy.instance]);
    if (this.#holders.has(key)) return true;
    const [first] = this.#holders.add(key);
    if (this.#holders.size > HOLDERS_MAX && first !== undefined) this.#holders.delete(first);
    return false;
  }

  #flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    const counts = [...this.#counts].map(([namespace, refusals]) => ({ namespace, ...refusals }));
    this.#counts.clear();
    if (counts.length > 0) this.#sink.write(counts);
  }
}

/** Those of a store, kept in its files on this machine. They do not keep the process running. */
export function refusalsOfStore(storeUrl: string): RefusalCounts {
  return new RefusalCounts({
    write: (counts) => appendRefusals(storeUrl, counts, Date.now()),
    after(ms, run) {
      const timer = setTimeout(run, ms).unref();
      return () => clearTimeout(timer);
    },
  });
}
