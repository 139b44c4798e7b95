/*
 * The checker finds what it should. For every invariant there are faults, planted into the log or the journals of a day
 * in which all was well:
 *  - each is found, and reported as a breach of the right invariant; a fault that breaks others as well says which
 *  - every invariant has at least two
 *
 * A log that was changed is numbered and hashed anew. Otherwise I9 would report every change.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { checkInvariants, INVARIANTS, type Invariant } from '../src/index.ts';
import { workingDay } from './checker-working-day.ts';
import { PLANTED_FAULTS } from './planted-faults/index.ts';

describe('the invariant checker finds planted faults', () => {
  let day: Awaited<ReturnType<typeof workingDay>>;
  beforeAll(async () => {
    day = await workingDay();
  });

  test.each(PLANTED_FAULTS)('$invariant: $fault', ({ invariant, also = [], plant }) => {
    const planted = plant({
      events: day.events,
      journals: [...day.journals, ...(invariant === 'I14' ? [day.recorder.follower('watcher')] : [])],
    });

    const violations = checkInvariants(planted);

    const found = [...new Set(violations.map((violation) => violation.invariant))].toSorted();
    // With the violations beside it, a failure shows what was found instead.
    expect({ found, violations }).toMatchObject({ found: [invariant, ...also].toSorted() });
  });

  test.each(Object.keys(INVARIANTS) as Invariant[])('%s has at least two planted faults', (invariant) => {
    expect(PLANTED_FAULTS.filter((fault) => fault.invariant === invariant).length).toBeGreaterThanOrEqual(2);
  });
});
