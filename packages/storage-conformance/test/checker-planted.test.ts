/**
 * The checker is worth what it finds. For every invariant there are faults, planted into the log or the journals of a
 * day in which all was well; each must be found, and reported as a breach of the right invariant. A fault that breaks
 * others as well says which; a log that was tampered with is numbered and hashed anew, so that I9 does not give
 * everything away.
 */
import type { Event, EventPayloads } from '@agent-orchestrator/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  checkInvariants,
  INVARIANTS,
  type Calls,
  type Invariant,
  type Journal,
  type JournalLine,
} from '../src/index.ts';
import {
  drop,
  edit,
  editLines,
  find,
  forge,
  inJournalOf,
  insertAfter,
  is,
  withoutJournals,
} from './checker-forgery.ts';
import type { Run } from './checker-recorder.ts';
import { workingDay } from './checker-working-day.ts';

interface PlantedFault {
  readonly invariant: Invariant;
  readonly fault: string;
  /** What else it breaks, because one fact hangs on the other. */
  readonly also?: readonly Invariant[];
  readonly plant: (day: Run) => Run;
}

const NEW_FENCE = 9_000_000_000_000_000;

/** How the lease of line-2 was taken over, and the grant to whom it was taken over. */
const lost = (day: Run) => find(day, is('lease.taken_over', 'line-2'));
const successor = (day: Run) => find(day, ({ id }) => id === lost(day).id + 1);
const byId =
  ({ id }: Event) =>
  (event: Event) =>
    event.id === id;
const log = (plant: (day: Run) => Run) => (day: Run) => forge(plant(withoutJournals(day)));
const both = (plant: (day: Run) => Run) => (day: Run) => forge(plant(day));

const FAULTS: readonly PlantedFault[] = [
  {
    invariant: 'I1',
    fault: 'a fence is granted again in another session',
    plant: log((day) =>
      refence(day, find(day, is('task.claimed', 'solo')), find(day, is('task.claimed', 'poison')).fence),
    ),
  },
  {
    invariant: 'I1',
    fault: 'a later lease of the session has a smaller fence',
    plant: log((day) => refence(day, find(day, is('task.claimed', 'line-3')), 4_711)),
  },
  {
    invariant: 'I2',
    fault: 'the closing of a lease is missing, and another was granted',
    also: ['I3', 'I7', 'I8'],
    plant: log((day) => drop(day, is('lease.taken_over'))),
  },
  {
    invariant: 'I2',
    fault: 'a second lease is granted while one is open',
    also: ['I4', 'I8'],
    plant: log((day) => insertAfter(day, is('task.claimed', 'solo'), { fence: NEW_FENCE, commandId: null })),
  },
  {
    invariant: 'I3',
    fault: 'a lease is closed twice',
    also: ['I6', 'I8', 'I10'],
    plant: log((day) => insertAfter(day, is('task.released'), {})),
  },
  {
    invariant: 'I3',
    fault: 'a lease is closed that was never granted',
    also: ['I4', 'I8', 'I10'],
    plant: log((day) => insertAfter(day, is('task.released'), { fence: NEW_FENCE, commandId: null })),
  },
  {
    invariant: 'I3',
    fault: 'an ending does not say that it ends a lease',
    also: ['I2', 'I8'],
    plant: log((day) => edit(day, is('task.released'), { leaseEffect: null })),
  },
  {
    invariant: 'I4',
    fault: "a zombie's checkpoint is accepted",
    plant: log((day) => {
      const { fence, agent, instance } = find(day, is('task.claimed', 'line-2'));
      const checkpoint = find(day, ({ type, fence: of }) => type === 'session.checkpointed' && of === fence);
      return insertAfter(day, byId(successor(day)), {
        ...checkpoint,
        fence,
        agent,
        instance,
        commandId: null,
        at: successor(day).at,
      });
    }),
  },
  {
    invariant: 'I4',
    fault: 'another agent releases under the right fence',
    plant: log((day) => edit(day, is('task.handed_off'), { agent: 'home-agent' })),
  },
  {
    invariant: 'I4',
    fault: "a zombie's heartbeat is acknowledged",
    plant: (day) =>
      inJournalOf(day, 'company-agent', (lines) =>
        editLines(
          lines,
          isAnswerTo(lines, 'heartbeat', ({ ok }) => !ok),
          (line) => ({
            ...line,
            reply: {
              ok: true,
              sessionId: 'work',
              taskId: 'line-1',
              expiresAt: line.at + 10_000,
              cancelRequested: false,
              late: true,
            },
          }),
        ),
      ),
  },
  {
    invariant: 'I4',
    fault: 'a heartbeat is acknowledged under a fence that was never granted',
    plant: (day) =>
      inJournalOf(day, 'company-agent', (lines) =>
        editLines(
          lines,
          (line): line is Sent<'heartbeat'> => line.is === 'sent' && line.command === 'heartbeat' && line.call === 4,
          (line) => ({
            ...line,
            request: { ...line.request, fence: NEW_FENCE },
          }),
        ),
      ),
  },
  {
    invariant: 'I5',
    fault: 'a task succeeds twice, each time under a lease of its own',
    also: ['I8'],
    plant: log((day) => {
      const grant = find(day, is('task.claimed', 'line-1'));
      const end = find(day, is('task.succeeded', 'line-1'));
      const fence = Number(grant.fence) + 1;
      const again = insertAfter(day, byId(end), { ...end, fence, commandId: null });
      return insertAfter(again, byId(end), { ...grant, fence, commandId: null, at: end.at });
    }),
  },
  {
    invariant: 'I5',
    fault: 'a task that succeeded is cancelled afterwards',
    also: ['I8'],
    plant: log((day) =>
      insertAfter(
        day,
        is('task.succeeded', 'solo'),
        { type: 'task.cancelled', leaseEffect: null, fence: null, agent: null, commandId: null },
        { outcome: null, error: null },
      ),
    ),
  },
  {
    invariant: 'I6',
    fault: 'the last event, an acknowledged grant, is lost',
    also: ['I13'],
    plant: both((day) => drop(day, is('task.claimed', 'open'))),
  },
  {
    invariant: 'I6',
    fault: 'an acknowledged session was never written',
    plant: both((day) => ({ ...day, events: day.events.filter(({ streamId }) => streamId !== 'theirs') })),
  },
  {
    invariant: 'I6',
    fault: 'a command that was sent twice took effect twice',
    plant: both((day) =>
      insertAfter(day, ({ type, payload }) => type === 'session.checkpointed' && turnOf(payload) === 9, {}),
    ),
  },
  {
    invariant: 'I6',
    fault: 'a claim granted more than its answer says',
    plant: both((day) => {
      const { commandId } = find(day, is('task.claimed', 'open'));
      const theirs = find(day, is('task.queued', 'theirs'));
      const grant = find(day, is('task.claimed', 'open'));
      return insertAfter(day, byId(grant), {
        ...grant,
        streamId: 'theirs',
        sessionId: 'theirs',
        taskId: 'theirs',
        fence: NEW_FENCE,
        commandId,
        at: Math.max(theirs.at, grant.at),
      });
    }),
  },
  {
    invariant: 'I6',
    fault: 'of a batch of releases, one that was acknowledged is lost',
    plant: both((day) => {
      const lost = [find(day, is('task.succeeded', 'batch-2')), find(day, is('session.closed', undefined, 'batch-2'))];
      return { ...day, events: day.events.filter((event) => !lost.includes(event)) };
    }),
  },
  {
    invariant: 'I6',
    fault: 'a batch of releases ended one lease twice',
    also: ['I3', 'I5', 'I8', 'I10'],
    plant: both((day) => insertAfter(day, is('task.succeeded', 'batch-2'), {})),
  },
  {
    invariant: 'I6',
    fault: 'a release was acknowledged with another outcome than the log has',
    plant: both((day) => edit(day, is('task.released'), {}, { outcome: 'handed_off' })),
  },
  {
    invariant: 'I7',
    fault: 'a checkpoint that was refused as behind was saved',
    plant: both((day) => {
      const commandId = refusedCommand(day, 'turn_behind');
      return insertAfter(day, ({ type, payload }) => type === 'session.checkpointed' && turnOf(payload) === 9, {
        commandId,
      });
    }),
  },
  {
    invariant: 'I7',
    fault: 'a claim that was refused as busy took over',
    plant: both((day) => edit(day, byId(lost(day)), { commandId: refusedCommand(day, 'busy') })),
  },
  {
    invariant: 'I7',
    fault: 'one lease is refused on record twice',
    plant: log((day) => insertAfter(day, is('lease.refused'), {})),
  },
  {
    invariant: 'I7',
    fault: 'a refusal is on record, though the holder had ended the lease itself',
    plant: log((day) => {
      const { fence, at } = find(day, is('task.released'));
      return insertAfter(
        day,
        is('task.released'),
        { type: 'lease.refused', leaseEffect: 'refused', taskId: null, fence, commandId: null, at },
        { operation: 'release', ended_by: 'task.released', ended_at: at },
      );
    }),
  },
  {
    invariant: 'I7',
    fault: 'an item of a batch was refused, and the batch ended its lease',
    also: ['I6'],
    plant: both((day) => {
      const { commandId } = find(day, is('task.succeeded', 'batch-1'));
      return edit(day, is('task.recovered', 'batch-3'), { commandId });
    }),
  },
  {
    invariant: 'I8',
    fault: 'a task is granted before the head',
    plant: log((day) => edit(day, is('task.queued', 'line-3'), {}, { priority: 1 })),
  },
  {
    invariant: 'I8',
    fault: 'a task was never queued',
    plant: log((day) => drop(day, is('task.queued', 'line-2'))),
  },
  {
    invariant: 'I8',
    fault: 'a session closes while a task in it is open',
    plant: log((day) =>
      edit(
        day,
        is('session.closed'),
        { streamId: 'theirs', sessionId: 'theirs', at: find(day, is('task.queued', 'theirs')).at, id: 10_000 },
        {},
      ),
    ),
  },
  {
    invariant: 'I8',
    fault: 'a takeover handed over another context than the last checkpoint',
    plant: (day) =>
      inJournalOf(day, 'home-agent', (lines) =>
        editLines(
          lines,
          isAnswerTo(lines, 'claim', ({ ok }) => ok),
          ({ reply, ...line }) => ({
            ...line,
            reply: { ok: true, claims: claimsOf(reply).map((claim) => ({ ...claim, context: null })) },
          }),
        ),
      ),
  },
  {
    invariant: 'I9',
    fault: 'an event in the middle is lost',
    plant: (day) => drop(day, is('lease.refused')),
  },
  {
    invariant: 'I9',
    fault: 'an event was changed after it was written',
    plant: (day) => edit(day, is('task.queued', 'line-2'), {}, { title: 'something else' }),
  },
  {
    invariant: 'I9',
    fault: 'an event was changed, and hashed anew, but not what follows on it',
    plant: (day) => {
      const { id, hash: _hash, ...event } = find(day, is('task.queued', 'line-2'));
      const forged = find(
        forge(edit(day, byId({ id } as Event), {}, { title: 'something else' })),
        ({ seq, streamId }) => seq === event.seq && streamId === event.streamId,
      );
      return edit(day, byId({ id } as Event), { payload: forged.payload, hash: forged.hash });
    },
  },
  {
    invariant: 'I9',
    fault: "a session's time goes back",
    plant: log((day) => edit(day, is('task.cancel_requested'), { at: 1 })),
  },
  {
    invariant: 'I9',
    fault: 'an event id was given twice',
    also: ['I8'],
    plant: (day) => edit(day, is('task.queued', 'theirs'), { id: find(day, is('task.queued', 'void')).id }),
  },
  {
    invariant: 'I10',
    fault: 'a worker was told that it is another attempt than it is',
    plant: (day) =>
      inJournalOf(day, 'company-agent', (lines) =>
        editLines(
          lines,
          isAnswerTo(lines, 'claim', ({ ok }) => ok),
          ({ reply, ...line }) => ({
            ...line,
            reply: {
              ok: true,
              claims: claimsOf(reply).map((claim) => ({ ...claim, task: { ...claim.task, attempt: 3 } })),
            },
          }),
        ),
      ),
  },
  {
    invariant: 'I10',
    fault: 'a dead letter is granted once more',
    plant: log((day) => edit(day, is('task.queued', 'line-2'), {}, { attempts_max: 1 })),
  },
  {
    invariant: 'I10',
    fault: 'a task survives more interruptions than it may',
    plant: log((day) => edit(day, is('task.queued', 'line-2'), {}, { interruptions_max: 0 })),
  },
  {
    invariant: 'I11',
    fault: 'a session is taken over before the lease expired',
    plant: log((day) => shiftDeadlines(day, lost(day), 5_000)),
  },
  {
    invariant: 'I11',
    fault: 'a session is recovered after its expiry, but before it is stale',
    plant: log((day) => shiftDeadlines(day, find(day, is('task.recovered')), 3_000)),
  },
  {
    invariant: 'I11',
    fault: 'another agent resumes',
    plant: log((day) =>
      edit(day, ({ type, payload }) => type === 'lease.taken_over' && payload.includes('"resumed"'), {
        agent: 'keeper',
      }),
    ),
  },
  {
    invariant: 'I11',
    fault: 'a holder is declared dead without evidence',
    plant: log((day) => edit(day, is('task.recovered'), {}, { reason: 'dead' })),
  },
  {
    invariant: 'I11',
    fault: 'a takeover overlooks a heartbeat that was acknowledged before it',
    plant: both((day) => shiftDeadlines(day, lost(day), -1)),
  },
  {
    invariant: 'I12',
    fault: 'recovery passes over a stale lease, and finds it later',
    plant: (day) => {
      const { at } = find(day, is('task.recovered'));
      return inJournalOf(day, 'keeper', (lines) => [...lines, ...emptyRecoveries(at - 500)]);
    },
  },
  {
    invariant: 'I12',
    fault: 'recovery never finds a lease that stays open',
    plant: (day) => {
      const { at } = find(day, is('task.claimed', 'open'));
      return inJournalOf(day, 'keeper', (lines) => [...lines, ...emptyRecoveries(at + 15_500)]);
    },
  },
  {
    invariant: 'I13',
    fault: 'a head that any agent may take is not found',
    plant: both((day) => edit(day, is('task.queued', 'theirs'), {}, { assignee: null })),
  },
  {
    invariant: 'I13',
    fault: 'a head is not found by the agent that it waits for',
    plant: (day) =>
      inJournalOf(day, 'company-agent', (lines) =>
        lines.map((line) =>
          line.is === 'sent' && line.command === 'claim' && line.call >= 22
            ? { ...line, request: { ...line.request, agent: 'other-agent' } }
            : line,
        ),
      ),
  },
  ...followerFaults(),
];

describe('the invariant checker finds planted faults', () => {
  let day: Awaited<ReturnType<typeof workingDay>>;
  beforeAll(async () => {
    day = await workingDay();
  });

  test.each(FAULTS)('$invariant: $fault', ({ invariant, also = [], plant }) => {
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
    expect(FAULTS.filter((fault) => fault.invariant === invariant).length).toBeGreaterThanOrEqual(2);
  });
});

type Sent<C extends keyof Calls> = Extract<JournalLine, { is: 'sent'; command: C }>;
type Answered = Extract<JournalLine, { is: 'answered' }>;

/** The answers to calls of a name, by what they say. */
function isAnswerTo(lines: Journal, command: keyof Calls, fits: (reply: Answered['reply']) => boolean) {
  const calls = new Set(lines.flatMap((line) => (line.is === 'sent' && line.command === command ? line.call : [])));
  return (line: JournalLine): line is Answered => line.is === 'answered' && calls.has(line.call) && fits(line.reply);
}

function claimsOf(reply: Answered['reply']) {
  return reply.ok && 'claims' in reply ? reply.claims : [];
}

function turnOf(payload: string): number {
  return (JSON.parse(payload) as EventPayloads['session.checkpointed']).turn;
}

/** The command id of the first call that was refused for this reason. */
function refusedCommand({ journals }: Run, reason: string): string {
  for (const journal of journals) {
    const answer = journal.find(
      (line) => line.is === 'answered' && 'reason' in line.reply && line.reply.reason === reason,
    );
    const sent = journal.find((line) => line.is === 'sent' && answer?.is === 'answered' && line.call === answer.call);
    if (sent?.is === 'sent' && sent.command !== 'heartbeat') return sent.request.commandId;
  }
  throw new Error(`the fault cannot be planted: nothing was refused as ${reason}`);
}

/** Gives a lease another fence, wherever it is named in its session. */
function refence(day: Run, grant: Event, fence: number | null): Run {
  const isOfLease = (event: Event) => event.streamId === grant.streamId && event.fence === grant.fence;
  return { ...day, events: day.events.map((event) => (isOfLease(event) ? { ...event, fence } : event)) };
}

/** Has a closing say that the last proof of life came at another time. */
function shiftDeadlines(day: Run, closing: Event, byMs: number): Run {
  const { expires_at, heartbeat_at, stale_at } = JSON.parse(closing.payload) as EventPayloads['lease.taken_over'];
  return edit(
    day,
    byId(closing),
    {},
    { expires_at: expires_at + byMs, heartbeat_at: heartbeat_at + byMs, stale_at: stale_at + byMs },
  );
}

function emptyRecoveries(at: number): JournalLine[] {
  return [0, 1].flatMap((n): JournalLine[] => [
    { is: 'sent', call: 1_000 + n, command: 'recover', request: { commandId: `planted-${n}` }, at: at + n * 10 },
    { is: 'answered', call: 1_000 + n, reply: { ok: true, recovered: [], more: false }, at: at + n * 10 + 5 },
  ]);
}

/** Changes what the follower wrote down of the page after event 6. */
function onPage(day: Run, change: (events: readonly Followed[]) => readonly Followed[]): Run {
  return inJournalOf(day, 'watcher', (lines) =>
    lines.map((line) => (line.is === 'followed' && line.after === 6 ? { ...line, events: change(line.events) } : line)),
  );
}

function followerFaults(): PlantedFault[] {
  return [
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
}

type Followed = Extract<JournalLine, { is: 'followed' }>['events'][number];
