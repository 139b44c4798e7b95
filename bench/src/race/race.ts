import type { ContestantName } from '../contestants/catalogue.ts';
import type { Seat } from '../contestants/contestant.ts';
import type { Place } from '../places/place.ts';
import { rotated } from '../spread.ts';
import { ContestantProcess } from './contestant-process.ts';
import { Lane, type OpenCarrier } from './lane.ts';
import type { Carrier } from './orders.ts';
import { outcomeOf, type Outcome, type Run } from './run.ts';

export interface Pace {
  /** How often each run works; the first turn warms up, and is not counted. */
  readonly turns: number;
  /** How long a run works before the next one does. */
  readonly turnMs: number;
}

interface Round {
  readonly number: number;
  readonly openCarrier?: OpenCarrier;
}

/**
 * One round: each run gets an empty store of its own, fills it, opens it in fresh processes, and then all runs take
 * turns, so that a noisy second hits all of them alike. Which is first changes from turn to turn.
 *
 * @throws if a run loses a task, handles one twice, or has a process that handles none
 */
export async function race<Name extends string>(
  place: Place,
  runs: Readonly<Record<Name, Run>>,
  { turns, turnMs }: Pace,
  { number, openCarrier = openProcess }: Round,
): Promise<ReadonlyMap<string, Outcome>> {
  await using opened = new AsyncDisposableStack();
  const lanes: Lane[] = [];
  for (const [name, run] of Object.entries<Run>(runs))
    lanes.push(opened.use(await Lane.open(name, place, run, openCarrier)));
  for (let turn = 0; turn < turns; turn += 1) {
    for (const lane of rotated(lanes, number + turn)) await lane.workFor(turnMs);
  }
  for (const lane of lanes) await lane.close();
  return new Map(lanes.map((lane) => [lane.name, outcomeOf(lane.counted())]));
}

function openProcess(name: ContestantName, seat: Seat): Promise<Carrier> {
  return ContestantProcess.open(name, seat);
}
