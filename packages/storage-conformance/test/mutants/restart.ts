import { delegate } from '../../src/interleave.ts';
import type { Mutant } from './mutant.ts';

const lost = (name: string, lose: NonNullable<Mutant['lose']>): Mutant => ({
  name,
  chapter: 'restart',
  wrap: delegate,
  lose,
});

export const restart: readonly Mutant[] = [
  lost('the last event is lost in a restart', ({ data }) => void data.events.pop()),
  lost('receipts are lost in a restart', ({ data }) => data.receipts.clear()),
  lost('what was seen of the clocks is lost in a restart', ({ data }) => {
    data.clock = { last: null, jump: null };
  }),
  lost('contexts are lost in a restart', ({ data }) => {
    for (const [key, session] of data.sessions) data.sessions.set(key, { ...session, context: null });
  }),
  lost('leases are lost in a restart', ({ data }) => {
    for (const [key, session] of data.sessions) data.sessions.set(key, { ...session, status: 'idle', fence: null });
  }),
  lost('a restart migrates again', ({ data }) => {
    data.migrated = false;
  }),
];
