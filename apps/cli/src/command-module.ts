import type { Command } from 'commander';
import type { Call } from './call.ts';
import type { Answer } from './output/output.ts';

/** A top-level command, and the module that defines it. */
export interface CommandModule {
  readonly name: string;
  readonly load: () => Promise<{ readonly default: Define }>;
}

/** Adds a command to the program. `run` makes the command's action from its handler. */
export type Define = (parent: Command, run: Run) => void;

/**
 * Answers one call.
 *
 * @returns null if it wrote the answer itself, as streams do; an exit code if another program gave the answer
 */
export type Handler<Options extends object, Arguments extends unknown[]> = (
  call: Call<Options>,
  ...args: Arguments
) => Promise<Answer | number | null>;

export type Run = <Options extends object, Arguments extends unknown[] = []>(
  handler: Handler<Options, Arguments>,
  how?: {
    /** false: the command needs no configuration, so an invalid one must not stop it. */
    readonly configured?: false;
  },
) => (...args: unknown[]) => Promise<void>;
