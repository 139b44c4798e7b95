import { anewEachRound, type Bench, type BenchCase } from '../bench-case.ts';
import { amountOf } from '../amount.ts';
import { race, type Pace } from '../race/race.ts';
import type { Outcome, Run } from '../race/run.ts';
import type { Line, Pair } from '../line.ts';
import type { Place } from '../places/place.ts';

/** What a line compares of two runs. */
const MEASURES = {
  rate: { unit: 'units/s', better: 'more', of: ({ unitsPerSecond }) => unitsPerSecond },
  p99: { unit: 'ms (p99)', better: 'less', of: ({ gapMs }) => gapMs },
  client: { unit: 'µs of CPU per unit, client', better: 'less', of: ({ clientUs }) => clientUs },
  server: { unit: 'µs of CPU per unit, server', better: 'less', of: ({ serverUs }) => serverUs },
  wal: { unit: 'bytes of WAL per unit', better: 'less', of: ({ walBytes }) => walBytes },
  leastUnits: { unit: 'units', better: 'more', of: ({ least }) => least },
  mostUnits: { unit: 'units', better: 'more', of: ({ most }) => most },
} as const satisfies Record<string, { unit: string; better: Line['better']; of: (outcome: Outcome) => number }>;

type Measure = keyof typeof MEASURES;

/** A line that compares two runs of the case, or two numbers of one run. */
interface RaceLine<RunName extends string> extends Pick<Line, 'id' | 'title' | 'against' | 'target' | 'isChecked'> {
  readonly measure: Measure;
  readonly ours: RunName;
  readonly other: RunName;
  /** The measure of the other side, where it is not the same. */
  readonly otherMeasure?: Measure;
}

export interface RaceCase<RunName extends string> extends Partial<Pick<Pace, 'turnMs'>> {
  readonly name: string;
  readonly place: (bench: Bench) => Promise<Place>;
  readonly runs: Readonly<Record<RunName, Run>>;
  readonly lines: readonly RaceLine<RunName>[];
}

/** Long enough for some tens of units on the slowest machine. */
const TURN_MS = 400;
/** The first turn warms up, and is not counted. */
const TURNS_PER_ROUND = { whole: 5, few: 3 } as const;
/** A turn and a store of so small a share still hold more than one batch. */
const SMALLEST_TURN = 0.3;
const SMALLEST_STORE = 0.2;

/** In each round all runs take turns. */
export function raceCase<RunName extends string>({
  name,
  place,
  runs,
  turnMs = TURN_MS,
  lines,
}: RaceCase<RunName>): BenchCase {
  return {
    name,
    lines: lines.map(({ measure, ours: _ours, other: _other, otherMeasure: _measure, ...line }) => ({
      ...line,
      unit: MEASURES[measure].unit,
      better: MEASURES[measure].better,
    })),
    begin: anewEachRound(async (bench, number) => {
      const at = await place(bench);
      const outcomes = await race(at, runsOf(bench, runs), paceOf(bench, turnMs), { number });
      for (const [run, { unitsPerSecond, gapMs }] of outcomes)
        bench.log(`  ${run}: ${unitsPerSecond.toFixed(0)} units/s, p99 ${gapMs.toFixed(2)} ms`);
      return Object.fromEntries(lines.map((line) => [line.id, pairOf(line, outcomes)]));
    }),
  };
}

function paceOf(bench: Bench, turnMs: number): Pace {
  return {
    turns: amountOf(bench, TURNS_PER_ROUND),
    turnMs: amountOf(bench, { whole: turnMs * bench.stretch, few: turnMs * SMALLEST_TURN }),
  };
}

function runsOf<RunName extends string>(bench: Bench, runs: Readonly<Record<RunName, Run>>): Record<string, Run> {
  return Object.fromEntries(
    Object.entries<Run>(runs).map(([name, run]) => {
      const tasks = amountOf(bench, { whole: run.tasks, few: run.tasks * SMALLEST_STORE });
      return [name, { ...run, tasks }];
    }),
  );
}

function pairOf(
  { measure, ours, other, otherMeasure = measure }: RaceLine<string>,
  outcomes: ReadonlyMap<string, Outcome>,
): Pair {
  const of = (run: string, measure: Measure): number => {
    const outcome = outcomes.get(run);
    return outcome === undefined ? Number.NaN : MEASURES[measure].of(outcome);
  };
  return { ours: of(ours, measure), other: of(other, otherMeasure) };
}
