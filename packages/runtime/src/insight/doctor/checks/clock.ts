import { counted, lasting, type ClockState, type OtherClock } from '@agent-orchestrator/core';
import type { StoreFacts, WorkFacts } from '../facts.ts';
import { draft, type Draft } from '../finding.ts';

/** Clocks that differ by more than this are reported. */
const APART_MS = 2_000;
/** Another clock is reported for so long after it was recorded last: it is once an hour while it is there. */
const OTHER_MS = 2 * 3_600_000;
/** A jump is reported for a week. */
const RECENT_MS = 7 * 86_400_000;

/** Reports jumps of the clock, a jump that still has to be handled, and clocks that differ. */
export function checkClock({ place, work, localNow }: StoreFacts): Draft[] {
  const { clock = null, serverNow = null } = place ?? {};
  const now = serverNow ?? work?.now ?? localNow;
  const ownMs = serverNow === null && work !== null ? work.localNow - work.now : 0;
  const found = [
    ...(clock === null ? [] : ofState(clock, now)),
    ...ofOwn(ownMs),
    ...(clock?.others ?? []).flatMap((other) => ofOther(other, now, ownMs)),
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
      jump.taken
        ? draft('clock', 'warning', `The store took another clock, ${lasting(jump.byMs)} from the one that it had.`, {
            hint: `The next command first moves the deadlines of all holders with it. ${END_IT}`,
            count: 1,
          })
        : draft('clock', 'notice', `The clock jumped by ${lasting(jump.byMs)}. The jump is not handled yet.`, {
            hint: 'The next claim or recovery first gives every holder a new TTL. Only then can a lease be taken over.',
            count: 1,
          }),
    );
  if (last !== null && last.wall - now > APART_MS)
    found.push(
      draft('clock', 'warning', `The system clock is ${lasting(last.wall - now)} behind the last recorded time.`, {
        hint: 'Set the clock, and keep it in sync (NTP). Leases end late until the clock has caught up.',
        count: 1,
      }),
    );
  return found;
}

/** This process may have the right clock, and the store that of a process that was first. */
function ofOwn(byMs: number): Draft[] {
  if (Math.abs(byMs) <= APART_MS) return [];
  return [
    draft('clock', 'warning', `The clock of this process is ${apart(byMs)} the store's.`, {
      hint: `Another process keeps the store's time. ${END_IT}`,
      count: 1,
    }),
  ];
}

/** Processes whose clock is not the clock of the store. After two hours without them, they are gone. */
function ofOther({ byMs, seenAt }: OtherClock, now: number, ownMs: number): Draft[] {
  if (seenAt < now - OTHER_MS || Math.abs(byMs - ownMs) <= APART_MS) return [];
  return [
    draft('clock', 'warning', `A process on this machine has a clock that is ${apart(byMs)} the store's.`, {
      hint: `It works by the store's time. ${END_IT}`,
      count: 1,
    }),
  ];
}

const END_IT =
  'Find the process that gets a wrong time (faketime, a container), and end it. If the store has its clock, it takes ' +
  'the clock of the next process two minutes later.';

function apart(byMs: number): string {
  return `${lasting(byMs)} ${byMs > 0 ? 'ahead of' : 'behind'}`;
}

function ofServer(serverNow: number, localNow: number): Draft[] {
  const byMs = localNow - serverNow;
  if (Math.abs(byMs) <= APART_MS) return [];
  return [
    draft('clock', 'notice', `This machine's clock is ${apart(byMs)} the server's.`, {
      hint: "Only the server's clock counts for leases. Times in logs of this machine do not match the events.",
      count: 1,
    }),
  ];
}

function ofEvents({ jumps, now }: WorkFacts): Draft[] {
  const recent = jumps.filter(({ at }) => at > now - RECENT_MS);
  const taken = recent.filter((jump) => jump.taken);
  const back = recent.filter((jump) => !jump.taken && jump.byMs < 0);
  const forward = recent.filter((jump) => !jump.taken && jump.byMs >= 0);
  return [
    ...ofJumps(taken, 'warning', (most, holders) => [
      `The store took another clock, up to ${most} from the one it had; the deadlines of ${holders} moved with it.`,
      `Processes of this machine do not have the same time. ${END_IT}`,
    ]),
    ...ofJumps(back, 'warning', (most, holders) => [
      `The clock was set back by up to ${most}; ${holders} got a new TTL.`,
      'Find out what sets it, and keep it in sync (NTP).',
    ]),
    ...ofJumps(forward, 'notice', (most, holders) => [
      `The machine slept, or its clock was set forward, by up to ${most}; ${holders} got a new TTL.`,
      'There is nothing to do.',
    ]),
  ];
}

function ofJumps(
  jumps: WorkFacts['jumps'],
  severity: 'notice' | 'warning',
  say: (most: string, holders: string) => readonly [message: string, hint: string],
): Draft[] {
  if (jumps.length === 0) return [];
  const most = lasting(Math.max(...jumps.map(({ byMs }) => Math.abs(byMs))));
  const [message, hint] = say(most, counted(jumps.length, 'holder'));
  return [
    draft('clock', severity, message, {
      hint,
      count: jumps.length,
      evidenceRefs: jumps.toReversed().map(({ eventId: id }) => ({ is: 'event' as const, id })),
    }),
  ];
}
