import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { Bench, BenchCase } from './bench-case.ts';
import { Watch } from './conditions.ts';
import type { MeasuredCase, Result } from './line.ts';
import type { Machine } from './machine.ts';
import { now } from './now.ts';
import type { Options } from './options.ts';
import { Allowance, secondsOf } from './plan.ts';
import { Server } from './places/server.ts';
import { runCase } from './run-case.ts';

/** A case whose ratios are missed gets more rounds, this many times as many in all: noise passes, a loss stays. */
export const PATIENCE = 5;

export interface RunCasesOptions extends Pick<Options, 'rounds' | 'folder' | 'backlog' | 'smallest' | 'stretch'> {
  /** As it was before the run. */
  readonly machine: Machine;
  /** No case begins that is not expected to end in so many minutes. */
  readonly minutes: number;
  /** Rejects when the run has to end at once. */
  readonly interrupted: Promise<never>;
  readonly needsMore: (results: readonly Result[]) => boolean;
  /** Hears of each case as soon as it has ended: what it does is kept, whatever happens after. */
  readonly onMeasured: (measured: MeasuredCase) => void;
}

/** Tells which cases did not begin because there was no time left for them. */
export async function runCases(
  cases: readonly BenchCase[],
  { rounds, folder: parent, backlog, smallest: isSmallest, stretch, ...options }: RunCasesOptions,
): Promise<readonly BenchCase[]> {
  mkdirSync(parent, { recursive: true });
  // Each round starts many processes, which would all strip the types of the same files.
  process.env['NODE_COMPILE_CACHE'] ??= join(parent, 'compiled');
  const folder = mkdtempSync(join(parent, 'stores-'));
  // Also when the run is interrupted: a store of a million tasks is large.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  let server: Promise<Server> | undefined;
  const bench: Bench = {
    folder,
    server: () => (server ??= Server.start(folder)),
    backlog,
    isSmallest,
    stretch,
    log: (line) => console.error(line),
  };
  const allowance = new Allowance(options.minutes, now);
  const left: BenchCase[] = [];
  try {
    for (const one of cases) {
      if (!allowance.allows(secondsOf(one, rounds))) {
        left.push(one);
        continue;
      }
      const watch = new Watch(options.machine);
      const { needsMore } = options;
      const running = runCase(one, bench, { rounds, needsMore, roundsMax: rounds * PATIENCE });
      const results = await Promise.race([running, options.interrupted]);
      options.onMeasured({ name: one.name, results, conditions: watch.conditions(rounds) });
    }
  } finally {
    // One that did not start has said so already.
    await server?.then(
      (one) => one.stop(),
      () => {},
    );
  }
  return left;
}
