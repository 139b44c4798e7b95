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

export interface RaceCase<RunName extends string> {
  readonly name: string;
  readonly place: (bench: Bench) => Promise<Place>;
  readonly runs: Readonly<Record<RunName, Run>>;
  readonly pace?: Pace;
  readonly lines: readonly RaceLine<RunName>[];
}

/** Short turns, and many: what disturbs for half a second then hits all runs. The first one is not counted. */
const PACE: Pace = { turns: 13, turnMs: 250 };
/** In so small a share still more than one batch is handled, and one of few processes shows what one of four does. */
const SMALLEST = { turns: 2, turn: 0.2, store: 0.1, processes: 2 } as const;

/** In each round all runs take turns. */
export function raceCase<RunName extends string>({
  name,
  place,
  runs,
  pace = PACE,
  lines,
}: RaceCase<RunName>): BenchCase {
  return {
    name,
    seconds: secondsOf(Object.values<Run>(runs), pace),
    lines: lines.map(({ measure, ours: _ours, other: _other, otherMeasure: _measure, ...line }) => ({
      ...line,
      unit: MEASURES[measure].unit,
      better: MEASURES[measure].better,
    })),
    begin: anewEachRound(async (bench, number) => {
      const at = await place(bench);
      const outcomes = await race(at, runsOf(bench, runs), paceOf(bench, pace), { number });
      for (const [run, { unitsPerSecond, gapMs }] of outcomes)
        bench.log(`  ${run}: ${unitsPerSecond.toFixed(0)} units/s, p99 ${gapMs.toFixed(2)} ms`);
      return Object.fromEntries(lines.map((line) => [line.id, pairOf(line, outcomes)]));
    }),
  };
}

/** To start a process and to end it; to fill a store, and what a turn takes until all have begun and stopped. */
const [PROCESS_S, STORE_S, TURN_S] = [0.4, 0.8, 0.05];

/** What the turns take, and the stores and processes of a round. */
function secondsOf(runs: readonly Run[], { turns, turnMs }: Pace): BenchCase['seconds'] {
  const processes = runs.reduce((sum, run) => sum + 1 + (run.processes ?? 1), 0);
  const round = runs.length * (STORE_S + turns * (turnMs / 1_000 + TURN_S)) + processes * PROCESS_S;
  return { begin: 0, round: Math.ceil(round) };
}

function paceOf(bench: Bench, { turns, turnMs }: Pace): Pace {
  return {
    turns: amountOf(bench, { whole: turns, few: SMALLEST.turns }),
    turnMs: amountOf(bench, { whole: turnMs * bench.stretch, few: turnMs * SMALLEST.turn }),
  };
}

function runsOf<RunName extends string>(bench: Bench, runs: Readonly<Record<RunName, Run>>): Record<string, Run> {
  return Object.fromEntries(
    Object.entries<Run>(runs).map(([name, run]) => {
      const { tasks, processes = 1 } = run;
      const few = { tasks: tasks * SMALLEST.store, processes: Math.min(processes, SMALLEST.processes) };
      return [name, bench.isSmallest ? { ...run, ...few } : run];
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
