import type { EventRecord, EventType } from '@agent-orchestrator/core';
import type { Mentioned, Names } from '@agent-orchestrator/runtime';
import { printable, shorten } from '../output/printable.ts';
import type { Paint } from '../output/style.ts';
import { timestamp } from '../output/time.ts';
import { registryEntry } from './agent.ts';

const GLYPHS: { readonly [T in EventType]?: string } = {
  'task.queued': '○',
  'task.claimed': '▶',
  'task.succeeded': '✓',
  'task.review_requested': '◎',
  'task.approved': '✓',
  'task.changes_requested': '○',
  'task.failed': '✗',
  'task.rescheduled': '○',
  'task.retried': '○',
  'task.released': '○',
  'task.handed_off': '○',
  'task.handed_back': '○',
  'task.return_rescheduled': '○',
  'task.asked': '?',
  'task.waiting': '◌',
  'task.answered': '○',
  'task.cancelled': '⊘',
  'task.recovered': '↻',
  'lease.taken_over': '↻',
  'lease.refused': '✗',
  'agent.registered': '●',
  'agent.draining': '◌',
  'agent.retired': '⊘',
};

/** The fields of payloads that are shown. */
const TOLD = [
  'outcome',
  'reason',
  'from_agent',
  'handed_off_by',
  'returned_from',
  'operation',
  'ended_by',
  'title',
  'turn',
  'last_action',
  'next_action',
  'assignee',
  'role',
  'return_at',
  'note',
  'round',
  'notes',
  'proof',
  'signature',
  'asked_agent',
  'asked_role',
  'question',
  'answer',
  'depends_on',
  'dependency',
  'open_dependencies',
  'error',
  'roles',
  'machine',
  'agents',
  'signed_roles',
] as const;

/** The names must have learned the ids that `mentionedIn` returns for the event. */
export function eventLine(event: EventRecord, names: Names, paint: Paint): string {
  const loud = event.type === 'lease.refused' || event.type === 'task.failed' ? 'red' : 'bold';
  return [
    paint('dim', `#${event.id} ${timestamp(event.at)}`),
    `${GLYPHS[event.type] ?? '·'} ${paint(loud, event.type)}`,
    ...subject(event, names).map((words) => paint('dim', words)),
    ...(event.agent === null || event.streamKind === 'agent' ? [] : [`by ${event.agent}`]),
    ...(event.fence === null ? [] : [paint('dim', `fence ${event.fence}`)]),
    ...told(event),
  ].join('  ');
}

/** The ids that lines about events name. */
export function mentionedIn(events: readonly EventRecord[]): Required<Mentioned> {
  return { tasks: events.map(({ taskId }) => taskId), sessions: events.map(({ sessionId }) => sessionId) };
}

/** The task; and the session, unless it is the task's own. Of the registry, the agent. */
function subject({ taskId, sessionId, streamKind, streamId }: EventRecord, names: Names): string[] {
  if (streamKind === 'agent') return [registryEntry(streamId)];
  return [
    ...(taskId === null ? [] : [`task ${names.taskLabel(taskId)}`]),
    ...(sessionId === null || sessionId === taskId ? [] : [`session ${names.sessionLabel(sessionId)}`]),
  ];
}

function told({ payload }: EventRecord): string[] {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return [];
  const values = payload as Readonly<Record<string, unknown>>;
  return TOLD.flatMap((name) => {
    const value = values[name];
    if (value === undefined || value === null) return [];
    // The signature itself is of use to programs alone.
    if (name === 'signature') return [`key=${String((value as { readonly key?: unknown }).key)}`];
    if (name === 'return_at' && typeof value === 'number') return [`${name}=${timestamp(value)}`];
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value);
    return [`${name}=${shorten(printable(text), 60)}`];
  });
}
