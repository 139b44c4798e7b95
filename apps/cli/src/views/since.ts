import {
  labelOf,
  nameOf,
  SINCE_COUNT_MAX,
  SINCE_GROUPS,
  type Names,
  type Since,
  type SinceGroup,
  type SinceRow,
} from '@agent-orchestrator/runtime';
import { capped } from '../output/counts.ts';
import { printable, shorten } from '../output/printable.ts';
import { state, type Paint } from '../output/style.ts';
import { moment, relative, timestamp } from '../output/time.ts';

/** How the groups are called, as states that have a glyph. */
const STATES: Readonly<Record<SinceGroup['name'], string>> = {
  done: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  recovered: 'recovered',
  refused: 'refused',
};

/** What happened, by groups, each number with the command that lists it; then what waits for a person. */
export function sinceLines(
  since: Omit<Since, 'asOf'>,
  last: { readonly lastLook: { readonly at: number } | null } | null,
  names: Names,
  paint: Paint,
): string[] {
  const { from, groups, isCapped, askedAt: now } = since;
  const told = groups.filter(({ count }) => count > 0);
  const upTo = isCapped ? 0 : SINCE_COUNT_MAX;
  return [
    paint('bold', `SINCE ${beginning(from, last, now)}`),
    ...(told.length === 0 ? ['  nothing was done, failed, cancelled, recovered or refused'] : []),
    ...told.flatMap((group) => groupLines(group, { after: from.eventId, upTo, names, now, paint })),
    '',
    ...waitingLines(since, paint),
  ];
}

function beginning(
  { eventId, at }: Since['from'],
  last: { readonly lastLook: { readonly at: number } | null } | null,
  now: number,
): string {
  const event = `, event #${eventId}`;
  if (last !== null)
    return last.lastLook === null
      ? `${moment(at ?? now, now)}${event}: your first look`
      : `your last look ${moment(last.lastLook.at, now)}${event}`;
  return at === null ? `event #${eventId}` : `${moment(at, now)}${event}`;
}

interface GroupContext {
  /** The event after which was counted. */
  readonly after: number;
  /** Counts stop here; 0: they do not. */
  readonly upTo: number;
  readonly names: Names;
  readonly now: number;
  readonly paint: Paint;
}

function groupLines({ name, count, rows }: SinceGroup, { after, upTo, names, now, paint }: GroupContext): string[] {
  const types = SINCE_GROUPS[name].map((type) => ` --type ${type}`).join('');
  const command = paint('dim', `orchestrator events --after ${after}${types}`);
  const [glyph = ''] = state(STATES[name], (_format, text) => text).split(' ');
  return [
    `  ${glyph} ${paint('bold', `${capped(count, upTo)} ${name}`)}  ${command}`,
    ...rows.map((row) => `      ${rowLine(row, names, now)}`),
    ...(count > rows.length ? [`      … ${capped(count - rows.length, upTo)} more`] : []),
  ];
}

function rowLine(
  { id, at, taskId, number, sessionId, title, agent, fromAgent, reason, error, type, runAt }: SinceRow,
  names: Names,
  now: number,
): string {
  return [
    `#${id} ${timestamp(at)}`,
    printable(
      taskId === null
        ? `session ${names.session(sessionId)}`
        : `task ${number === null ? taskId : nameOf('task', { id: taskId, number })}`,
    ),
    ...(title === null ? [] : [shorten(printable(title), 50)]),
    ...who({ type, agent, fromAgent, reason }),
    ...(type === 'task.failed' ? [runAt === null ? 'a dead letter' : `tried again ${relative(runAt, now)}`] : []),
    ...(error === null ? [] : [`error: ${shorten(printable(error), 60)}`]),
  ].join('  ');
}

function who({ type, agent, fromAgent, reason }: Pick<SinceRow, 'type' | 'agent' | 'fromAgent' | 'reason'>): string[] {
  if (type === 'lease.refused') return [`a late ${printable(reason ?? 'write')} of ${agent ?? 'somebody'} was refused`];
  return [
    ...(fromAgent === null ? [] : [`from ${fromAgent}`]),
    ...(agent === null ? [] : [`by ${agent}`]),
    ...(reason === null ? [] : [`(${printable(reason)})`]),
  ];
}

function waitingLines({ waiting: { deadLetters, forYou } }: Omit<Since, 'asOf'>, paint: Paint): string[] {
  const lines = [
    ...(deadLetters.count === 0
      ? []
      : [
          `  ${paint('bold', `${capped(deadLetters.count, SINCE_COUNT_MAX)} dead ${deadLetters.count === 1 ? 'letter' : 'letters'}`)}  ${paint('dim', 'orchestrator task list --status failed')}`,
          ...deadLetters.tasks.map(
            (task) =>
              `      ${state('failed', paint)}  ${printable(labelOf('task', task))}  ${shorten(printable(task.title), 50)}`,
          ),
        ]),
    ...(forYou.length === 0
      ? []
      : [
          `  ${paint('bold', 'for you')}`,
          ...forYou.map(
            ({ title, note, ...task }) =>
              `      ${state('queued', paint)}  ${printable(labelOf('task', task))}  ${shorten(printable(title), 50)}${note === null ? '' : `  note: ${shorten(printable(note), 80)}`}`,
          ),
        ]),
  ];
  return [paint('bold', 'WAITING FOR YOU'), ...(lines.length === 0 ? ['  nothing'] : lines)];
}
