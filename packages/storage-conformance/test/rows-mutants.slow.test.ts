/* oxlint-disable vitest/valid-title -- The titles are the names of the mutants. */
/*
 * The cases about rows, states and fillings reject:
 *
 * - every store whose rows, or whose regard for its state, break a promise; which case rejects it is printed
 */
import { afterAll, describe, expect, test } from 'vitest';
import { casesFor, runCase, type Case, type Target } from '../src/index.ts';
import { MemoryRows, openFilling, rowsTarget } from './memory-rows.ts';
import type { OpenedMemory } from './open-memory.ts';
import { ROWS_MUTANTS } from './mutants/index.ts';
import type { RowsMutant } from './mutants/rows-mutant.ts';

const rejected: string[] = [];

describe('a store is rejected in which …', () => {
  for (const mutant of ROWS_MUTANTS)
    test(mutant.name, { timeout: 60_000 }, async () => {
      const rejection = await firstRejection(mutant);

      expect(rejection, 'the case that rejects it').toBeDefined();
      rejected.push(`${mutant.name}\n  rejected by: ${rejection?.chapter} > ${rejection?.title}`);
    });

  afterAll(() => {
    console.info(`${rejected.length} of ${ROWS_MUTANTS.length} mutants are rejected\n\n${rejected.join('\n')}`);
  });
});

/** The first case that fails; the chapter that the mutant was made for is asked first. */
async function firstRejection(mutant: RowsMutant): Promise<Case | undefined> {
  const target = mutated(mutant) as unknown as Target;
  const cases = casesFor(target).filter(({ needs }) => needs === 'rows');
  const isExpected = ({ chapter }: Case) => chapter === mutant.chapter;
  for (const one of [...cases.filter(isExpected), ...cases.filter((other) => !isExpected(other))]) {
    const passes = await runCase(target, one).then(
      () => true,
      () => false,
    );
    if (!passes) return one;
  }
  return undefined;
}

function mutated({ rows = (same) => same, storage: wrap, admits }: RowsMutant): Target<OpenedMemory> {
  const open = async () => {
    const opened = await rowsTarget.open();
    if (wrap === undefined) return opened;
    return { ...opened, storage: wrap(opened.storage, opened), peer: wrap(opened.peer, opened) };
  };
  return {
    ...rowsTarget,
    name: 'a mutant',
    open,
    rows: {
      open: async ({ data, clock }, mode) => rows(new MemoryRows(data, clock, mode)),
      other: open,
      openFilling: (opened, id) => openFilling(opened, admits === undefined ? id : admits(id, opened)),
    },
  };
}
