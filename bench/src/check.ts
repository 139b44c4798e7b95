import type { Line, Result } from './line.ts';
import type { Recorded, RecordedRatios } from './recorded.ts';

/** How much worse than recorded a ratio may be. */
const MARGIN = 0.3;

/** A ratio that is not as it was recorded. */
export interface Deviation {
  readonly key: string;
  readonly is: 'better' | 'worse' | 'unknown';
  readonly message: string;
}

/** Whether the check does not pass. A ratio that became better is only told. */
export function fails({ is }: Deviation): boolean {
  return is !== 'better';
}

/** Compares the medians of the ratios with those that were recorded. Never a time with a time. */
export function deviations(results: readonly Result[], recorded: RecordedRatios): readonly Deviation[] {
  return results.flatMap((result) => (result.line.isChecked ? deviationOf(result, recorded[result.key]) : []));
}

function deviationOf({ key, line, ratio: { median } }: Result, before: Recorded | undefined): Deviation[] {
  if (before === undefined) return [{ key, is: 'unknown', message: 'has no recorded ratio: record it with --record' }];
  if (Number.isNaN(median)) return [{ key, is: 'unknown', message: 'was not measured on this system' }];
  const loss = lossOf(line, median, before.median);
  const compared = `${median.toPrecision(3)}, recorded was ${before.median} at load ${before.machine.load}`;
  if (loss > MARGIN) return [{ key, is: 'worse', message: `became worse: ${compared}` }];
  const gain = 1 / (1 + loss) - 1;
  return gain > MARGIN ? [{ key, is: 'better', message: `became better: ${compared}; record it with --record` }] : [];
}

/** A loss of 0.3: what is better when it is less grew to 1.3 times as much; of what is better when it is more, as much
 * was there before.
 */
function lossOf({ better }: Line, now: number, before: number): number {
  return better === 'more' ? before / now - 1 : now / before - 1;
}
