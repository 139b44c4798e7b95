import {
  FIGURES_MEAN,
  METRICS,
  type Distribution,
  type Figure,
  type HistogramName,
  type Metrics,
} from '@agent-orchestrator/runtime';
import { printable } from '../output/printable.ts';
import { state, type Paint } from '../output/style.ts';
import { table } from '../output/table.ts';
import { duration, moment } from '../output/time.ts';

/** The window, the figures with their thresholds, the counts, and how long things took. */
export function metricsLines(metrics: Metrics, figures: readonly Figure[], paint: Paint): string[] {
  const { tally } = metrics;
  return [
    paint('bold', `METRICS ${windowText(metrics)}`),
    ...figureLines(figures, paint),
    '',
    `${paint('bold', 'TASKS')}     ${byLabel(tally.numbers('tasks'), 1, (word) => state(word, paint))}`,
    `${paint('bold', 'SESSIONS')}  ${byLabel(tally.numbers('sessions'), 1, (word) => state(word, paint))}`,
    `${paint('bold', 'GRANTED')}   ${byLabel(tally.numbers('leases_granted_total'), 0)}`,
    `${paint('bold', 'ENDED')}     ${byLabel(tally.numbers('leases_ended_total'), 1)}`,
    '',
    ...timeLines(metrics, paint),
  ];
}

/** One line for each figure, with a word for whether it is too great. */
export function figureLines(figures: readonly Figure[], paint: Paint): string[] {
  const rows = figures.map(({ name, value, threshold, exceeded }) => [
    `  ${state(exceeded ? 'warning' : 'ok', paint)}`,
    name,
    String(value),
    String(threshold),
    FIGURES_MEAN[name],
  ]);
  return table(['  STATE', 'FIGURE', 'VALUE', 'AT MOST', 'COUNTS'], rows, paint);
}

function windowText({ from: { at, eventId, isCapped }, now }: Metrics): string {
  if (at === null) return 'of the whole log';
  const capped = isCapped ? `; there are more events than are counted, so only those after #${eventId}` : '';
  return `since ${moment(at, now)}, event #${eventId}${capped}`;
}

/** The values, summed by one label. */
function byLabel(
  numbers: readonly (readonly [labels: readonly string[], value: number])[],
  at: number,
  word: (label: string) => string = printable,
): string {
  const sums = new Map<string, number>();
  for (const [labels, value] of numbers) sums.set(labels[at] ?? '', (sums.get(labels[at] ?? '') ?? 0) + value);
  const told = [...sums].map(([label, sum]) => `${word(label)} ${sum}`);
  return told.length === 0 ? 'none' : told.join('   ');
}

const TIMES = ['task_wait_seconds', 'lease_seconds', 'lease_silence_seconds'] as const;

function timeLines({ tally }: Metrics, paint: Paint): string[] {
  const rows = TIMES.flatMap((name) =>
    tally
      .distributions(name)
      .map(([[kind = ''], found]) => [
        `  ${name}`,
        printable(kind),
        String(countOf(found)),
        within(name, found, 0.5),
        within(name, found, 0.95),
      ]),
  );
  if (rows.length === 0) return [paint('bold', 'TIMES'), '  none'];
  return [paint('bold', 'TIMES'), ...table(['  METRIC', 'KIND', 'COUNT', 'HALF', '95 %'], rows, paint)];
}

function countOf({ counts }: Distribution): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The bound of the bucket that holds a share of the values. */
function within(name: HistogramName, found: Distribution, share: number): string {
  const wanted = share * countOf(found);
  const bounds: readonly number[] = METRICS[name].buckets;
  let sum = 0;
  const at = found.counts.findIndex((count) => (sum += count) >= wanted);
  const bound = bounds[at];
  return bound === undefined ? `> ${duration((bounds.at(-1) ?? 0) * 1_000)}` : `≤ ${duration(bound * 1_000)}`;
}
