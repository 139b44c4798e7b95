import process from 'node:process';
import * as fc from 'fast-check';
import { chapter } from '../chapter.ts';
import { assertConsistent } from '../consistency.ts';
import type { Target } from '../target.ts';
import { WALKS_IN_GROUPS, WALKS_WITH_JUMPS, WALKS_WITH_OTHER_CLOCKS } from '../walk/arbitrary.ts';
import type { Step } from '../walk/step.ts';
import { Walker } from '../walk/walker.ts';
import type { World } from '../world.ts';

export const randomWalk = chapter(
  'random walk beside the model',
  {
    'after each random command the answer, every row and the log are those of the model': (world) =>
      walk(world, (sleepGrace) => (sleepGrace ? WALKS_WITH_JUMPS : WALKS_IN_GROUPS)),
    'so they are where processes have different clocks': async (world) => {
      // The clock of a server is one clock, whatever its clients have.
      if (world.storage.capabilities.sleepGrace) await walk(world, () => WALKS_WITH_OTHER_CLOCKS);
    },
    'so they are after each turn of several commands': (world) => walk(world, () => WALKS_IN_GROUPS),
  },
  { timeoutMs: 300_000 },
);

/** Each of the walks makes at least as many. */
const STEPS = 2_000;
const WALKS_PER_SEED_MAX = 10;
/** About as many steps does a walk have. */
const STEPS_OF_WALK = 50;
/** How long a failing walk is shrunk. */
const SHRINK_MS = 60_000;

async function walk(
  { target, storage }: World,
  walksFor: (sleepGrace: boolean) => fc.Arbitrary<readonly Step[]>,
): Promise<void> {
  const walks = walksFor(storage.capabilities.sleepGrace);
  const first = numberFrom('CONFORMANCE_SEED') ?? target.walk?.seed ?? Math.floor(Math.random() * 2 ** 31);
  const wanted = numberFrom('CONFORMANCE_STEPS') ?? target.walk?.steps ?? STEPS;
  console.info(`${target.name}: random walk of ${wanted} steps, CONFORMANCE_SEED=${first}`);

  const walked = { steps: 0 };
  const numRuns = Math.min(WALKS_PER_SEED_MAX, Math.ceil(wanted / STEPS_OF_WALK));
  const property = fc.asyncProperty(walks, async (steps) => {
    walked.steps += await walkOnce(target, steps);
  });
  for (let seed = first; walked.steps < wanted; seed += 1)
    await fc.assert(property, { seed, numRuns, interruptAfterTimeLimit: SHRINK_MS });
}

/** @returns how many steps were walked */
async function walkOnce(target: Target, steps: readonly Step[]): Promise<number> {
  const opened = await (target.walk?.open?.() ?? target.open());
  const walker = new Walker(opened);
  try {
    for (const step of steps) await walker.step(step);
    await assertConsistent(opened.storage, opened.clock);
    return steps.length;
  } finally {
    await walker.close();
    await opened.close();
  }
}

function numberFrom(variable: string): number | undefined {
  const text = process.env[variable];
  return text === undefined || text === '' ? undefined : Number(text);
}
