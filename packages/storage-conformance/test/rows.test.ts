/* oxlint-disable vitest/valid-title, vitest/expect-expect -- Titles and assertions come from the cases. */
/*
 * The cases about rows, states and fillings, which storage-memory does not have: a store in memory with rows passes
 * them.
 */
import { describe, test } from 'vitest';
import { casesFor, runCase, type Target } from '../src/index.ts';
import { rowsTarget } from './memory-rows.ts';

describe('a store in memory with rows', () => {
  const target = rowsTarget as unknown as Target;
  for (const one of casesFor(target).filter(({ needs }) => needs === 'rows'))
    test(one.title, { timeout: one.timeoutMs }, () => runCase(target, one));
});
