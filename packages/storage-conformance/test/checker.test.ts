import { describe, expect, test } from 'vitest';
import { checkInvariants } from '../src/index.ts';
import { editLines, inJournalOf } from './checker-forgery.ts';
import { workingDay } from './checker-working-day.ts';

describe('the invariant checker', () => {
  test('finds nothing in a log of a day in which all is well', async () => {
    const { events, journals, recorder } = await workingDay();
    expect(await recorder.verify()).toMatchObject({ ok: true });
    expect(checkInvariants({ events, journals: [...journals, recorder.follower('watcher')] })).toEqual([]);
  });

  test('a command with an unknown outcome may have had its effect', async () => {
    const day = await workingDay();

    const { events, journals } = inJournalOf(day, 'company-agent', (lines) =>
      editLines(
        lines,
        (line) => line.is === 'answered',
        ({ call, at }) => ({ is: 'threw', call, code: 'OUTCOME_UNKNOWN', message: 'the connection was lost', at }),
      ),
    );

    expect(checkInvariants({ events, journals })).toEqual([]);
  });
});
