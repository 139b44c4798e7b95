import type { Server } from './postgres/server.ts';
import type { Result } from './result.ts';
import type { Subject } from './subject.ts';

/** What a case needs to run. */
export interface Bench {
  readonly rounds: number;
  /** A folder of its own, on a real disk; emptied by the end. */
  readonly folder: string;
  /** The server of this run, started when it is first asked for. */
  readonly server: () => Promise<Server>;
  /** Tells the person who waits what is running. */
  readonly log: (line: string) => void;
}

/** One question of the benchmark; some have several lines of answers. */
export interface BenchCase {
  readonly name: string;
  readonly run: (bench: Bench) => Promise<readonly Result[]>;
}

/** Where a case takes place. */
export type SubjectOf = (bench: Bench) => Promise<Subject>;
