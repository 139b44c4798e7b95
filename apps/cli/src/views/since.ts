import {
  addresseeName,
  labelOf,
  SINCE_COUNT_MAX,
  shellWord,
  SINCE_GROUPS,
  type Names,
  type Since,
  type SinceGroup,
  type SinceGroupName,
  type SinceRow,
  type WaitingTaskInBrief,
} from '@agent-orchestrator/runtime';
import { capped } from '../output/counts.ts';
import { printable, shorten } from '../output/printable.ts';
import { state, type Paint } from '../output/style.ts';
import { moment, relative, timestamp } from '../output/time.ts';
import { registryEntry } from './agent.ts';
import { LIST_DEAD_LETTERS } from './dead-letters.ts';
import { handOffText, noteText } from './hand-off.ts';
import { questionLine } from './question.ts';

/** The groups as states, which have glyphs. */
const STATES: Readonly<Record<SinceGroup['name'], string>> = {
  done: 'succeeded',
  reviewed: 'in_review',
  failed: 'failed',
  cancelled: 'cancelled',
  recovered: 'recovered',
  returned: 'returned',
  refused: 'refused',
  answered: 'queued',
  keys: 'warning',
};

/** The groups of events, each with the command that lists them; then the tasks that wait for a person. */
export function sinceLines(
  since: Omit<Since, 'asOf'>,
  last: { readonly lastLook: { readonly at: number } | null } | null,
  names: Names,
  paint: Paint,
): string[] {
  const { from, groups, isCapped, askedAt: now } = since;
  // Where counting stopped, each group may have more, also one of which none was found.
  const told = groups.filter(({ count }) => isCapped || count > 0);
  const upTo = isCapped ? 0 : Infinity;
  return [
    ...questionLines(since, paint),
    paint('bold', `SINCE ${beginning(from, last, now)}`),
    ...(told.length === 0 ? ['  nothing was done, failed, cancelled, recovered, returned, refused or answered'] : []),
    ...told.flatMap((group) => groupLines(group, { after: from.eventId, upTo, names, now, paint })),
    '',
    ...waitingLines(since, paint),
  ];
}

/** First: a task waits for each answer. */
function questionLines({ waiting: { questions }, askedAt: now }: Omit<Since, 'asOf'>, paint: Paint): string[] {
  const { count, tasks } = questions;
  if (count === 0) return [];
  return [
    `${paint('bold', 'OPEN QUESTIONS')}  ${capped(count, SINCE_COUNT_MAX)}  ${paint('dim', 'orchestrator ask list')}`,
    ...tasks.map((task) => `  ${questionLine(task, now, paint)}`),
    '',
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
  /** Events are counted after this one. */
  readonly after: number;
  /** A count that has reached this number means "at least so many". */
  readonly upTo: number;
  readonly names: Names;
  readonly now: number;
  readonly paint: Paint;
}

function groupLines({ name, count, rows }: SinceGroup, { after, upTo, names, now, paint }: GroupContext): string[] {
  const command = paint('dim', `orchestrator events --after ${shellWord(String(after))}${typeWords(name)}`);
  const [glyph = ''] = state(STATES[name], (_format, text) => text).split(' ');
  return [
    `  ${glyph} ${paint('bold', `${capped(count, upTo)} ${wordOf(name, count)}`)}  ${command}`,
    ...rows.map((row) => `      ${rowLine(row, names, now)}`),
    ...(count > rows.length ? [`      … ${capped(count - rows.length, upTo)} more`] : []),
  ];
}

/** The names of the other groups say what was done, and fit any number. */
function wordOf(group: SinceGroupName, count: number): string {
  if (group !== 'keys') return group;
  return count === 1 ? 'change of keys' : 'changes of keys';
}

/** The flags that list the events of a group. */
export function typeWords(group: SinceGroupName): string {
  return SINCE_GROUPS[group].map((type) => ` --type ${type}`).join('');
}

function rowLine(
  { id, at, taskId, number, sessionId, title, error, type, runAt, ...by }: SinceRow,
  names: Names,
  now: number,
): string {
  return [
    `#${id} ${timestamp(at)}`,
    ...(taskId === null ? [] : [`task ${number === null ? taskId : labelOf('task', { id: taskId, number })}`]),
    ...(taskId === null && sessionId !== null ? [`session ${names.sessionLabel(sessionId)}`] : []),
    ...(title === null ? [] : [shorten(printable(title), 50)]),
    ...who(type, by),
    ...(type === 'task.failed' ? [runAt === null ? 'a dead letter' : `tried again ${relative(runAt, now)}`] : []),
    ...(error === null ? [] : [`error: ${shorten(printable(error), 60)}`]),
  ].join('  ');
}

function who(
  type: SinceRow['type'],
  {
    agent: name,
    fromAgent,
    you,
    fromYou,
    reason,
  }: Pick<SinceRow, 'agent' | 'fromAgent' | 'you' | 'fromYou' | 'reason'>,
): string[] {
  const agent = you && name !== null ? `you (${name})` : name;
  if (type === 'lease.refused') return [`a late ${reason ?? 'write'} of ${agent ?? 'an unnamed agent'} was refused`];
  if (type === 'agent.key_set' || type === 'agent.signed_roles_set')
    return [`${registryEntry(name, agent)}: ${reason ?? ''}`];
  if (type === 'task.handed_back')
    return [`back at ${agent ?? 'its role'}`, `${addresseeName(reason ?? '')} did not claim it in time`];
  return [
    ...(fromAgent === null ? [] : [`from ${fromYou ? `you (${fromAgent})` : fromAgent}`]),
    ...(agent === null ? [] : [`by ${agent}`]),
    ...(reason === null ? [] : [`(${reason})`]),
  ];
}

function deadLetterCount(count: number): string {
  return `${capped(count, SINCE_COUNT_MAX)} dead ${count === 1 ? 'letter' : 'letters'}`;
}

function waitingLine(word: WaitingTaskInBrief['status'], { title, ...task }: WaitingTaskInBrief, paint: Paint): string {
  return `      ${state(word, paint)}  ${labelOf('task', task)}  ${shorten(printable(title), 50)}`;
}

function waitingLines(
  { waiting: { questions, deadLetters, forYou }, askedAt: now }: Omit<Since, 'asOf'>,
  paint: Paint,
): string[] {
  const lines = [
    ...(deadLetters.count === 0
      ? []
      : [
          `  ${paint('bold', deadLetterCount(deadLetters.count))}  ${paint('dim', LIST_DEAD_LETTERS)}`,
          ...deadLetters.tasks.map((task) => waitingLine(task.status, task, paint)),
        ]),
    ...(forYou.length === 0
      ? []
      : [
          `  ${paint('bold', 'for you')}`,
          ...forYou.map((task) => {
            const handOff = handOffText(task, now);
            const from = handOff === null ? '' : `  ${handOff}`;
            return `${waitingLine('queued', task, paint)}${from}${noteText(task.note)}`;
          }),
        ]),
  ];
  const nothing = questions.count === 0 ? '  nothing' : '  nothing but the open questions';
  return [paint('bold', 'WAITING FOR YOU'), ...(lines.length === 0 ? [nothing] : lines)];
}
