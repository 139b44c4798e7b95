/* oxlint-disable vitest/valid-title -- The titles are the names of the mutants. */
/*
 * A suite that has never failed proves nothing. Each of these storages breaks one promise, and the suite must say
 * which:
 *
 * - every mutant is rejected by a named case
 * - the storage that they are made of is rejected by none (memory.test.ts)
 */
import { afterAll, describe, expect, test } from 'vitest';
import { casesFor, runCase, type Case, type Target } from '../src/index.ts';
import { MUTANTS } from './mutants/index.ts';
import type { Mutant } from './mutants/mutant.ts';
import { memoryTarget, type OpenedMemory } from './open-memory.ts';

const rejected: string[] = [];

describe('a storage is rejected in which …', () => {
  for (const mutant of MUTANTS) {
    test(mutant.name, { timeout: 60_000 }, async () => {
      const rejection = await firstRejection(mutant);

      expect(rejection, 'the case that rejects it').toBeDefined();
      rejected.push(`${mutant.name}\n  rejected by: ${rejection?.chapter} > ${rejection?.title}`);
    });
  }

  afterAll(() => {
    console.info(`${rejected.length} of ${MUTANTS.length} mutants are rejected\n\n${rejected.join('\n')}`);
  });
});

/** A case that takes longer than this against a storage in memory waits for what will not come. */
const HANGS_MS = 5_000;

/** The first case that fails; the chapter that the mutant was made for is asked first. */
async function firstRejection({ chapter, wrap, lose }: Mutant): Promise<Case | undefined> {
  const target = mutated(wrap, lose);
  const cases = casesFor(target);
  const ordered = [
    ...cases.filter((one) => one.chapter === chapter),
    ...cases.filter((one) => one.chapter !== chapter),
  ];
  if (ordered[0]?.chapter !== chapter) throw new Error(`there is no chapter ${chapter}`);
  for (const one of ordered) if (!(await passes(target, one))) return one;
  return undefined;
}

async function passes(target: Target<OpenedMemory>, one: Case): Promise<boolean> {
  const hangs = Promise.withResolvers<never>();
  const timer = setTimeout(() => hangs.reject(new Error('the case hangs')), HANGS_MS);
  try {
    await Promise.race([runCase(target as unknown as Target, one), hangs.promise]);
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function mutated(wrap: Mutant['wrap'], lose: Mutant['lose']): Target<OpenedMemory> {
  return {
    ...memoryTarget,
    name: 'a mutant',
    async open() {
      const opened = await memoryTarget.open();
      return { ...opened, storage: wrap(opened.storage, opened), peer: wrap(opened.peer, opened) };
    },
    async reopen(opened) {
      lose?.(opened);
      const storage = await memoryTarget.reopen?.(opened);
      if (storage === undefined) throw new Error('storage-memory can be opened again');
      return wrap(storage, opened);
    },
    walk: { steps: 200, seed: 1 },
  };
}
