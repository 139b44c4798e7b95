import type { EventRecord, EventType } from '@agent-orchestrator/core';
import { printable, shorten } from '../output/printable.ts';
import type { Paint } from '../output/style.ts';
import { timestamp } from '../output/time.ts';

const GLYPHS: { readonly [T in EventType]?: string } = {
  'task.queued': '○',
  'task.claimed': '▶',
  'task.succeeded': '✓',
  'task.failed': '✗',
  'task.retried': '○',
  'task.released': '○',
  'task.handed_off': '○',
  'task.cancelled': '⊘',
  'task.recovered': '↻',
  'lease.taken_over': '↻',
  'lease.refused': '✗',
};

/** What of a payload is worth a place on the line. */
const TOLD = [
  'outcome',
  'reason',
  'from_agent',
  'operation',
  'ended_by',
  'title',
  'turn',
  'last_action',
  'next_action',
  'note',
  'error',
] as const;

export function eventLine(event: EventRecord, paint: Paint): string {
  const loud = event.type === 'lease.refused' || event.type === 'task.failed' ? 'red' : 'bold';
  return [
    paint('dim', `#${event.id} ${timestamp(event.at)}`),
    `${GLYPHS[event.type] ?? '·'} ${paint(loud, event.type)}`,
    paint('dim', `session ${event.sessionId}`),
    ...(event.agent === null ? [] : [`by ${event.agent}`]),
    ...(event.fence === null ? [] : [paint('dim', `fence ${event.fence}`)]),
    ...told(event),
  ].join('  ');
}

function told({ payload }: EventRecord): string[] {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return [];
  const values = payload as Readonly<Record<string, unknown>>;
  return TOLD.flatMap((name) => {
    const value = values[name];
    if (value === undefined || value === null) return [];
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : JSON.stringify(value);
    return [`${name}=${shorten(printable(text), 60)}`];
  });
}
