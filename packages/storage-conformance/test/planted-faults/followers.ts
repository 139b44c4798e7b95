import type { JournalLine } from '../../src/index.ts';
import { inJournalOf } from '../checker-forgery.ts';
import type { Run } from '../checker-recorder.ts';
import type { PlantedFault } from './planted-fault.ts';

/** What followers of the log see: I14. */
export const followers: readonly PlantedFault[] = [
  { invariant: 'I14', fault: 'a follower misses an event', plant: (day) => onPage(day, (events) => events.slice(1)) },
  {
    invariant: 'I14',
    fault: 'a follower sees an event twice',
    plant: (day) => onPage(day, (events) => events.flatMap((event) => [event, event])),
  },
  {
    invariant: 'I14',
    fault: 'a follower sees events in the wrong order',
    plant: (day) => onPage(day, (events) => events.toReversed()),
  },
  {
    invariant: 'I14',
    fault: 'a follower saw an event that the log lost afterwards',
    plant: (day) => ({ ...day, journals: day.journals.slice(-1), events: day.events.slice(0, -1) }),
  },
];

/** Changes what the follower wrote down of the page after event 6. */
function onPage(day: Run, change: (events: readonly Followed[]) => readonly Followed[]): Run {
  return inJournalOf(day, 'watcher', (lines) =>
    lines.map((line) => (line.is === 'followed' && line.after === 6 ? { ...line, events: change(line.events) } : line)),
  );
}

type Followed = Extract<JournalLine, { is: 'followed' }>['events'][number];
