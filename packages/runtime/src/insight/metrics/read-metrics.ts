import { LABEL_VALUES_MAX, OTHER } from './catalogue.ts';
import { lastEventBefore } from '../event-before.ts';
import { LogFold } from './log-fold.ts';
import { foldLog, type MetricReads } from './read-log.ts';
import { readState } from './read-state.ts';
import type { RefusalCount } from './refusal-files.ts';
import { Tally } from './tally.ts';
import type { TotalsFile } from './totals-file.ts';

/** What is measured, and for how long. */
export interface MetricsQuestion {
  /** Only this namespace; all of them by default. */
  readonly namespace?: string | undefined;
  /** How far back the log is counted, in milliseconds. */
  readonly sinceMs: number;
  /** Reads what this machine has refused since a time (ms). */
  readonly refusals: (since: number) => readonly RefusalCount[];
  /** So many events are counted at most: the last ones. */
  readonly eventsMax?: number;
}

/** Measured values, and from when to when the log was counted. */
export interface Metrics {
  readonly tally: Tally;
  /** The store's time, in milliseconds. */
  readonly now: number;
  /** Every event up to this id was counted. */
  readonly asOf: number;
  readonly from: {
    /** The time that was asked for (ms); null: the begin of the log. */
    readonly at: number | null;
    /** Events after this one were counted. */
    readonly eventId: number;
    /** There were more events than are counted, so it begins later than was asked for. */
    readonly isCapped: boolean;
  };
}

const EVENTS_MAX = 250_000;

/** The metrics of a window that ends now. Its counters count what happened in it. */
export async function readMetrics(reads: MetricReads, question: MetricsQuestion): Promise<Metrics> {
  const asOf = await reads.asOf();
  const now = await reads.now();
  const at = now - question.sinceMs;
  const namespaces = await namespacesOf(reads, question);
  const fold = new LogFold();
  const earliest = Math.max(0, asOf - (question.eventsMax ?? EVENTS_MAX));
  let eventId = asOf;
  let isCapped = false;
  for (const namespace of namespaces) {
    const before = await lastEventBefore(reads, { at, now, asOf, namespace });
    isCapped ||= before < earliest;
    const after = Math.max(before, earliest);
    eventId = Math.min(eventId, after);
    await foldLog(reads, { namespace, after, upTo: asOf }, fold);
  }
  await addState(reads, { namespaces, now, asOf }, fold.tally);
  addRefusals(question.refusals(at), namespaces, fold.tally);
  return { tally: fold.tally, now, asOf, from: { at, eventId, isCapped } };
}

/**
 * The metrics of the whole log. Its counters never begin again: they continue where an earlier call has stopped, and
 * are made anew of the log where that is not kept.
 *
 * @param totals keeps what was counted, so that only new events are read
 */
export async function readTotals(
  reads: MetricReads,
  question: MetricsQuestion,
  totals: TotalsFile | null = null,
): Promise<Metrics> {
  const asOf = await reads.asOf();
  const now = await reads.now();
  const namespaces = await namespacesOf(reads, question);
  const known = (await totals?.load(reads, asOf)) ?? null;
  const fold = new LogFold(known?.tally);
  let last = known?.last ?? null;
  for (const namespace of namespaces) {
    const after = known?.upTo ?? 0;
    const found = await foldLog(reads, { namespace, after, upTo: asOf }, fold);
    if (found !== null && found.id > (last?.id ?? 0)) last = { namespace, id: found.id, hash: found.hash };
  }
  if (last !== null) totals?.save({ tally: fold.tally, last, upTo: asOf });
  await addState(reads, { namespaces, now, asOf }, fold.tally);
  addRefusals(question.refusals(now - question.sinceMs), namespaces, fold.tally);
  return { tally: fold.tally, now, asOf, from: { at: null, eventId: 0, isCapped: false } };
}

async function namespacesOf(reads: MetricReads, { namespace }: MetricsQuestion): Promise<readonly string[]> {
  return namespace === undefined ? (await reads.namespaces()).toSorted() : [namespace];
}

async function addState(
  reads: MetricReads,
  { namespaces, now, asOf }: { readonly namespaces: readonly string[]; readonly now: number; readonly asOf: number },
  tally: Tally,
): Promise<void> {
  tally.set('log_last_event', [], asOf);
  for (const [at, namespace] of namespaces.entries())
    await readState(reads, { namespace, label: labelOf(at, namespace), now }, tally);
}

function addRefusals(counts: readonly RefusalCount[], namespaces: readonly string[], tally: Tally): void {
  for (const [at, namespace] of namespaces.entries()) {
    const found = counts.find((count) => count.namespace === namespace);
    tally.add('duplicate_suppressed', [labelOf(at, namespace)], found?.duplicateSuppressed ?? 0);
    tally.add('lease_conflicts', [labelOf(at, namespace)], found?.leaseConflicts ?? 0);
  }
}

/** The first namespaces by name have a label of their own. */
function labelOf(at: number, namespace: string): string {
  return at < LABEL_VALUES_MAX.namespace ? namespace : OTHER;
}
