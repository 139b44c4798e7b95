import type { Line, Pair } from './line.ts';
import type { Server } from './places/server.ts';

/** What a case needs to run. */
export interface Bench {
  /** A folder of its own, on a real disk; emptied by the end. */
  readonly folder: string;
  /** The server of this run, started when it is first asked for. */
  readonly server: () => Promise<Server>;
  /** How many tasks a large backlog has. */
  readonly backlog: number;
  /** Whether a few units of each case are enough, since only its working is looked at and not its numbers. */
  readonly isSmallest: boolean;
  /** Turns take so many times as long as usual. */
  readonly stretch: number;
  /** Tells the person who waits what is running. */
  readonly log: (line: string) => void;
}

/** What a round measured, by the id of the line. */
export type Pairs = Readonly<Record<string, Pair>>;

/** A case that is prepared. */
export interface Rounds {
  /** One round; who begins depends on its number. */
  round(number: number): Promise<Pairs>;
  end(): Promise<void>;
}

/** How long a case takes on two cores without other work, in seconds. */
interface Expected {
  /** To prepare it. */
  readonly begin: number;
  readonly round: number;
}

/** One kind of work, measured for the product and for others side by side. */
export interface BenchCase {
  readonly name: string;
  /** Takes minutes: only with `--large`. */
  readonly large?: boolean;
  readonly seconds: Expected;
  readonly lines: readonly Line[];
  readonly begin: (bench: Bench) => Promise<Rounds>;
}

/** A case that prepares nothing for all rounds. */
export function anewEachRound(round: (bench: Bench, number: number) => Promise<Pairs>): BenchCase['begin'] {
  return async (bench) => ({ round: (number) => round(bench, number), end: async () => {} });
}
