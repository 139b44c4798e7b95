import { counted, lasting, type ClockState } from '@agent-orchestrator/core';
import type { StoreFacts, WorkFacts } from '../facts.ts';
import { draft, type Draft } from '../finding.ts';

/** Clocks that are further apart than this are told of. */
const APART_MS = 2_000;
/** A jump is told of for a week. */
const RECENT_MS = 7 * 86_400_000;

/** Jumps that were seen, one that waits to be worked off, and clocks that do not agree. */
export function checkClock({ place, work, localNow }: StoreFacts): Draft[] {
  const { clock = null, serverNow = null } = place ?? {};
  const found = [
    ...(clock === null ? [] : ofState(clock, serverNow ?? localNow)),
    ...(serverNow === null ? [] : ofServer(serverNow, localNow)),
    ...(work === null ? [] : ofEvents(work)),
  ];
  if (found.length > 0 || work === null) return found;
  return [draft('clock', 'ok', 'no jump of the clock in the last week')];
}

function ofState({ last, jump }: ClockState, now: number): Draft[] {
  const found: Draft[] = [];
  if (jump !== null)
    found.push(
      draft('clock', 'notice', `A jump of the clock by ${lasting(jump.byMs)} was seen and is not worked off yet.`, {
        hint: 'The next claim or recovery gives every holder a new TTL before it takes anything from anybody.',
        count: 1,
      }),
    );
  if (last !== null && last.wall - now > APART_MS)
    found.push(
      draft(
        'clock',
        'warning',
        `The clock stands ${lasting(last.wall - now)} before a time that the store has already seen.`,
        {
          hint: 'Set the clock right, and let it be kept right (NTP): leases end late while it catches up.',
          count: 1,
        },
      ),
    );
  return found;
}

function ofServer(serverNow: number, localNow: number): Draft[] {
  const byMs = localNow - serverNow;
  if (Math.abs(byMs) <= APART_MS) return [];
  return [
    draft(
      'clock',
      'notice',
      `This machine's clock is ${lasting(byMs)} ${byMs > 0 ? 'ahead of' : 'behind'} the server's.`,
      {
        hint: "Only the server's clock counts for leases; times in logs of this machine will not match the events.",
        count: 1,
      },
    ),
  ];
}

function ofEvents({ jumps, now }: WorkFacts): Draft[] {
  const recent = jumps.filter(({ at }) => at > now - RECENT_MS);
  const back = recent.filter(({ byMs }) => byMs < 0);
  const forward = recent.filter(({ byMs }) => byMs >= 0);
  const told = (events: typeof jumps, severity: 'notice' | 'warning', what: string, hint: string): Draft[] =>
    events.length === 0
      ? []
      : [
          draft(
            'clock',
            severity,
            `${what} by up to ${lasting(Math.max(...events.map(({ byMs }) => Math.abs(byMs))))}; ${counted(events.length, 'holder')} got a new TTL.`,
            {
              hint,
              count: events.length,
              evidenceRefs: events.toReversed().map(({ eventId: id }) => ({ is: 'event' as const, id })),
            },
          ),
        ];
  return [
    ...told(back, 'warning', 'The clock was set back', 'Find out what sets it, and let it be kept right (NTP).'),
    ...told(forward, 'notice', 'The machine slept, or its clock was set forward,', 'There is nothing to do.'),
  ];
}
