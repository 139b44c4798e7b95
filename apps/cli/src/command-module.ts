import type { Command } from 'commander';
import type { Call } from './call.ts';
import type { Answer } from './output/output.ts';

/** A top-level command, and where it is defined. */
export interface CommandModule {
  readonly name: string;
  readonly load: () => Promise<{ readonly default: Define }>;
}

/** Adds a command to the program; `run` makes its action of what answers it. */
export type Define = (parent: Command, run: Run) => void;

/** Answers one call; null if it wrote its answer itself, as streams do; an exit code if another program gave the answer. */
export type Handler<Options extends object, Arguments extends unknown[]> = (
  call: Call<Options>,
  ...args: Arguments
) => Promise<Answer | number | null>;

export type Run = <Options extends object, Arguments extends unknown[] = []>(
  handler: Handler<Options, Arguments>,
  how?: {
    /** For what has to work, and quickly, whatever the configuration says. */
    readonly configured?: false;
  },
) => (...args: unknown[]) => Promise<void>;
