import type { Context, SessionRecord } from '@agent-orchestrator/core';
import { isStale, labelOf, shownContext, type Names } from '@agent-orchestrator/runtime';
import { printable, shorten } from '../output/printable.ts';
import { state, type Paint } from '../output/style.ts';
import { fields, labelCell, table } from '../output/table.ts';
import { moment, relative } from '../output/time.ts';

export type ListedSession = Omit<SessionRecord, 'headTaskId'>;

/** `stale` is not a status, but derived: a held session whose time is over. */
function sessionState(session: ListedSession, now: number): string {
  return isStale(session, now) ? 'stale' : session.status;
}

function sessionLine(session: ListedSession, now: number, paint: Paint): string {
  return `${state(sessionState(session, now), paint)}  ${labelOf('session', session)}`;
}

export function sessionTable(sessions: readonly ListedSession[], now: number, paint: Paint): string[] {
  if (sessions.length === 0) return ['no sessions'];
  const rows = sessions.map((session) => [
    state(sessionState(session, now), paint),
    labelCell(labelOf('session', session)),
    session.agent ?? '-',
    session.leaseExpiresAt === null ? '-' : relative(session.leaseExpiresAt, now),
    String(session.tasksOpen),
    relative(session.updatedAt, now),
    session.context?.nextAction ? shorten(printable(session.context.nextAction), 60) : '',
  ]);
  return table(['STATE', 'SESSION', 'AGENT', 'LEASE ENDS', 'OPEN', 'CHANGED', 'NEXT ACTION'], rows, paint);
}

export function contextFields(context: Context | null): (readonly [string, string | null])[] {
  if (context === null) return [['context', 'none saved yet']];
  return [
    ['context', `turn ${context.turn}`],
    ['last action', context.lastAction],
    ['next action', context.nextAction],
    ['memory', shownContext(context).memoryRef],
    ['data', context.data === null ? null : shorten(printable(JSON.stringify(context.data)), 200)],
  ];
}

/** An agent, with its instance if it has one. */
export function agentRun(agent: string, instance: string | null): string {
  return `${agent}${instance === null ? '' : ` (${instance})`}`;
}

export function sessionCard(session: SessionRecord, names: Names, now: number, paint: Paint): string[] {
  const time = (at: number | null) => (at === null ? null : moment(at, now));
  return [
    sessionLine(session, now, paint),
    ...fields(
      [
        ['id', session.id],
        [
          'held by',
          session.agent === null ? null : `${agentRun(session.agent, session.instance)}, fence ${session.fence ?? ''}`,
        ],
        ['works on', session.taskId && names.taskLabel(session.taskId)],
        ['heartbeat', time(session.heartbeatAt)],
        ['lease expires', time(session.leaseExpiresAt)],
        ['stale', time(session.staleAt)],
        ['progress', session.progress === null ? null : shorten(printable(JSON.stringify(session.progress)), 200)],
        ['open tasks', String(session.tasksOpen)],
        ['next task', session.headTaskId && names.taskLabel(session.headTaskId)],
        ...contextFields(session.context),
        ['events', String(session.seq)],
        ['created', time(session.createdAt)],
        ['changed', time(session.updatedAt)],
      ],
      paint,
    ),
  ];
}
