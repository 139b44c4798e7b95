import type { Line, Result } from './line.ts';
import type { Options } from './options.ts';
import type { Recorded, RecordedRatios } from './recorded.ts';

type Check = Exclude<Options['check'], null>;

/** How much worse than recorded a ratio may be: by 30 %; null: it is not compared. */
const MARGINS = {
  full: { always: 0.3, roughly: 0.3, full: 0.3, never: null },
  short: { always: 0.3, roughly: 1, full: null, never: null },
} as const satisfies Record<Check, Record<Line['checked'], number | null>>;

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

export function isChecked({ checked }: Line, check: Check): boolean {
  return MARGINS[check][checked] !== null;
}

/** Compares the medians of the ratios with those that were recorded. Never a time with a time. */
export function deviations(results: readonly Result[], recorded: RecordedRatios, check: Check): readonly Deviation[] {
  return results.flatMap((result) => {
    const margin = MARGINS[check][result.line.checked];
    return margin === null ? [] : deviationOf(result, recorded[result.key], margin);
  });
}

/** A loss of 0.3: what is better when it is less grew to 1.3 times as much; of what is better when it is more, as much
 * was there before.
 */
function deviationOf({ key, line, ratio }: Result, before: Recorded | undefined, margin: number): Deviation[] {
  const { median } = ratio;
  if (before === undefined) return [{ key, is: 'unknown', message: 'has no recorded ratio: record it with --record' }];
  if (Number.isNaN(median)) return [{ key, is: 'unknown', message: 'was not measured on this system' }];
  const loss = line.better === 'more' ? before.median / median - 1 : median / before.median - 1;
  const compared = `${median.toPrecision(3)}, recorded was ${before.median} at load ${before.machine.load}`;
  if (loss > margin) return [{ key, is: 'worse', message: `became worse: ${compared}` }];
  const gain = 1 / (1 + loss) - 1;
  return gain > margin ? [{ key, is: 'better', message: `became better: ${compared}; record it with --record` }] : [];
}
