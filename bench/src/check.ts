import { busyDuring, loadsOf, type Conditions } from './conditions.ts';
import type { Line, Result } from './line.ts';
import { recordedLine, type Recording } from './recorded.ts';
import { isSteady, MARGIN, type Spread } from './spread.ts';
import { Refusal } from './refusal.ts';

/** What the check says of a line that is not simply as it was recorded. */
export interface Finding {
  readonly key: string;
  readonly is: 'worse' | 'not measured' | 'better' | 'not recorded' | 'not compared';
  readonly message: string;
}

/** Whether the check does not pass. The others are only told. */
export function fails({ is }: Finding): boolean {
  return is === 'worse' || is === 'not measured' || is === 'not recorded';
}

/** Compares the medians of the ratios with those that were recorded. Never a time with a time. */
export function findingsOf(results: readonly Result[], recording: Recording, now: Conditions): readonly Finding[] {
  return results.flatMap((result) => {
    const found = result.line.isChecked ? findingOf(result, recording, now) : null;
    return found === null ? [] : [{ key: result.key, ...found }];
  });
}

/** How many lines were compared. @throws if it was none, since then the check says nothing */
export function comparedOf(results: readonly Result[], findings: readonly Finding[]): number {
  const left = new Set(
    findings.flatMap(({ key, is }) => (is === 'not recorded' || is === 'not compared' ? [key] : [])),
  );
  const compared = results.filter(({ key, line }) => line.isChecked && !left.has(key)).length;
  if (compared === 0) throw new Refusal('--check compared no line at all');
  return compared;
}

/** Whether a line became worse, as far as these rounds tell. */
export function isWorse(result: Result, recording: Recording): boolean {
  const { line, isMeasured, ratio } = result;
  const before = recordedLine(recording, result)?.ratio;
  if (!line.isChecked || !isMeasured || before === undefined || !isSteady(before)) return false;
  return lossOf(line, ratio.median, before.median) > MARGIN;
}

function findingOf(result: Result, recording: Recording, now: Conditions): Omit<Finding, 'key'> | null {
  const { line, isMeasured, ratio } = result;
  const recorded = recordedLine(recording, result);
  if (recorded === undefined) return { is: 'not recorded', message: 'is not recorded, and was not compared' };
  const { ratio: before, conditions: then } = recorded;
  if (!isMeasured) return { is: 'not measured', message: 'was not measured in every round' };
  if (!isSteady(before)) {
    const range = `${short(before.min)} to ${short(before.max)}`;
    return { is: 'not compared', message: `was not compared: when it was recorded, it swung from ${range}` };
  }
  const compared = comparison(line, ratio, before, { now, then });
  if (isWorse(result, recording)) return { is: 'worse', message: `became worse: ${compared}` };
  if (!isSteady(ratio)) return { is: 'not compared', message: `swings too much to be compared: ${compared}` };
  const gain = 1 / (1 + lossOf(line, ratio.median, before.median)) - 1;
  return gain > MARGIN ? { is: 'better', message: `became better, so record it: ${compared}` } : null;
}

function comparison(
  line: Line,
  ratio: Spread,
  before: Spread,
  { now, then }: { readonly now: Conditions; readonly then: Conditions },
): string {
  const limit =
    line.better === 'more'
      ? `at least ${short(before.median / (1 + MARGIN))}`
      : `at most ${short(before.median * (1 + MARGIN))}`;
  const busy = [busyDuring(now), busyDuring(then)];
  const unreliable = busy.flatMap((why, at) => (why === undefined ? [] : [`${['now', 'then'][at]} ${why}`]));
  if (now.machine.cpu !== then.machine.cpu) unreliable.push(`it was recorded on another machine, ${then.machine.cpu}`);
  return [
    `${spreadText(ratio)} now, ${loadsOf(now)}`,
    `${spreadText(before)} when it was recorded, ${loadsOf(then)}`,
    `the limit is ${limit}`,
    ...(unreliable.length === 0 ? [] : [`NOT RELIABLE, because ${unreliable.join(', and ')}`]),
  ].join('; ');
}

function spreadText({ median, min, max }: Spread): string {
  return `${short(median)} (${short(min)} to ${short(max)})`;
}

function short(ratio: number): string {
  return ratio.toPrecision(3);
}

/**
 * A loss of 0.3: what is better when it is less grew to 1.3 times as much; of what is better when it is more, 1.3 times
 * as much was there before.
 */
function lossOf({ better }: Line, now: number, before: number): number {
  return better === 'more' ? before / now - 1 : now / before - 1;
}
