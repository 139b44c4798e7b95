import type { Case } from './chapter.ts';
import { assertConsistent } from './consistency.ts';
import type { Target } from './target.ts';
import { World } from './world.ts';

/**
 * Runs one case against new data of the target; throws where the promise is broken, or the data are inconsistent
 * afterwards.
 */
export async function runCase(target: Target, { run }: Pick<Case, 'run'>): Promise<void> {
  const opened = await target.open();
  const world = new World(target, opened);
  try {
    await run(world);
    await assertConsistent(world.ref, world.clock);
  } finally {
    await world.close();
    await opened.close();
  }
}
