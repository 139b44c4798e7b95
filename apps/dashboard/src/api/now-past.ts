import { DEAD_LETTER_STATUSES } from '@agent-orchestrator/runtime';
import type { TaskMoment, TaskName } from '../fold/task-history.ts';
import type { Need, NeedGroup, NeedRow, WorkingRow } from './now-answer.ts';
import { refused } from './refused.ts';
import type { Moment, PageReads } from './page-reads.ts';

const SHOWN = 5;
const WORKING_MAX = 50;

/** What needed a person at a moment of the past. Who was silent then is not known: heartbeats are not in the log. */
export async function needsThen(reads: PageReads, moment: Moment): Promise<readonly Need[]> {
  const groups = new Map<NeedGroup, { count: number; readonly newest: (readonly [TaskName, TaskMoment])[] }>();
  const { tasks } = reads.follower.history;
  for (const [name, then] of tasks.newestFirst(moment.ordinal, moment.at)) {
    const group = groupOf(then);
    if (group === null) continue;
    const found = groups.get(group) ?? { count: 0, newest: [] };
    groups.set(group, found);
    found.count += 1;
    if (found.newest.length < SHOWN) found.newest.push([name, then]);
  }
  const needs: Need[] = [];
  for (const [group, { count, newest }] of groups) needs.push({ group, count, rows: await rowsOf(reads, newest) });
  return [...needs, refused(reads, moment)];
}

export async function workingThen(
  { orchestrator, follower }: PageReads,
  { ordinal, eventId }: Moment,
): Promise<{ readonly working: readonly WorkingRow[]; readonly workingCount: number }> {
  const { history } = follower;
  const held = [...history.leases.held(ordinal)];
  const working: WorkingRow[] = [];
  for (const lease of held.slice(0, WORKING_MAX)) {
    const name = history.tasks.nameOf(lease.task);
    const [saved] = (
      await orchestrator.listEvents({
        sessionId: lease.sessionId,
        types: ['session.checkpointed'],
        upTo: eventId,
        before: null,
        limit: 1,
      })
    ).items;
    working.push({
      taskId: name?.id ?? null,
      number: name?.number ?? null,
      title: name?.title ?? null,
      sessionId: lease.sessionId,
      sessionNumber: history.sessionNumber(lease.sessionId),
      agent: lease.agent,
      startedAt: lease.from,
      nextAction: textIn(saved?.payload, 'next_action'),
      heartbeatAt: null,
      stale: false,
    });
  }
  return { working, workingCount: held.length };
}

function groupOf({ status, handedOff, asks }: TaskMoment): NeedGroup | null {
  if (DEAD_LETTER_STATUSES.includes(status)) return 'dead_letter';
  if (handedOff && status === 'queued') return 'hand_off';
  if (status === 'waiting' && asks) return 'question';
  return status === 'in_review' ? 'review' : null;
}

/** With what the event said that made it so. */
async function rowsOf(
  { orchestrator, follower }: PageReads,
  found: readonly (readonly [TaskName, TaskMoment])[],
): Promise<NeedRow[]> {
  const { events } = follower.history;
  const rows: NeedRow[] = [];
  for (const [{ id, number, title, sessionId }, { ordinal }] of found) {
    const eventId = events.idAt(ordinal);
    const [event] = (await orchestrator.listEvents({ taskId: id, upTo: eventId, before: null, limit: 1 })).items;
    const { agent = null, payload } = event ?? {};
    const error = textIn(objectIn(payload)?.['error'], 'message');
    const text = textIn(payload, 'question') ?? textIn(payload, 'note') ?? textIn(payload, 'notes') ?? error;
    rows.push({ taskId: id, number, title, sessionId, agent, at: events.timeAt(ordinal), text, eventId, commands: [] });
  }
  return rows;
}

function textIn(value: unknown, name: string): string | null {
  const text = objectIn(value)?.[name];
  return typeof text === 'string' && text !== '' ? text : null;
}

function objectIn(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
}
