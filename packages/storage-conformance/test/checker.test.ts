import { describe, expect, test } from 'vitest';
import { checkInvariants } from '../src/index.ts';
import { workingDay } from './checker-working-day.ts';

describe('the invariant checker', () => {
  test('finds nothing in a log of a day in which all is well', async () => {
    const { events, journals, recorder } = await workingDay();
    expect(await recorder.verify()).toMatchObject({ ok: true });
    expect(checkInvariants({ events, journals: [...journals, recorder.follower('watcher')] })).toEqual([]);
  });
});
