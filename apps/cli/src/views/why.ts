import type { Condition, HolderInBrief, TaskInBrief, WhyAgent, WhySession, WhyTask } from '@agent-orchestrator/core';
import {
  counted,
  isEnded,
  labelOf,
  TASK_STATUS_NAMES,
  type Mentioned,
  type Names,
  type SeenProcesses,
  type WhyAnswer,
} from '@agent-orchestrator/runtime';
import { printable, shorten } from '../output/printable.ts';
import { state, type Paint } from '../output/style.ts';
import { inLocalTime, moment, relative, timestamp } from '../output/time.ts';

/** The ids in the lines whose numbers are not in the answer. */
export function mentionedIn(why: WhyAnswer['why']): Mentioned {
  if (why.subject !== 'agent') return {};
  return {
    tasks: [...why.holds, ...why.obstacles].map(({ taskId }) => taskId),
    sessions: why.holds.map(({ sessionId }) => sessionId),
  };
}

export function whyLines({ why, processes }: WhyAnswer, names: Names, paint: Paint): string[] {
  return [
    ...(why.subject === 'agent' ? agentLines(why, names, paint) : conditionLines(why, paint)),
    ...processLines(processes, paint),
  ];
}

function conditionLines(why: WhyTask | WhySession, paint: Paint): string[] {
  const { conditions, askedAt: now } = why;
  const width = Math.max(...conditions.map(({ name }) => name.length));
  return [
    why.subject === 'task' ? briefLine(why.task, paint) : sessionLine(why.session, paint),
    verdict(why, paint),
    '',
    ...conditions.flatMap((one) => condition(one, { now, width, paint })),
    ...(why.subject === 'task' && why.headsBefore !== null && why.headsBefore > 0
      ? ['', `A claim without a session takes ${counted(why.headsBefore, 'other head')} first.`]
      : []),
  ];
}

function sessionLine(session: WhySession['session'], paint: Paint): string {
  const tasks = counted(session.tasksOpen, 'open task');
  return `${state(session.status, paint)}  session ${labelOf('session', session)}  ${tasks}`;
}

function verdict({ claimable, conditions, claimant }: WhyTask | WhySession, paint: Paint): string {
  const whom = claimant.agent === undefined ? 'by any agent that may' : `by ${claimant.agent}`;
  if (claimable) return paint('green', `claimable now, ${whom}`);
  const missing = conditions.filter(({ holds }) => !holds).length;
  const verb = missing === 1 ? 'does' : 'do';
  return paint('red', `not claimable now, ${whom}: ${missing} of ${conditions.length} conditions ${verb} not hold`);
}

function condition(
  { name, holds, says, changesAt, nextStep, events }: Condition,
  { now, width, paint }: { readonly now: number; readonly width: number; readonly paint: Paint },
): string[] {
  const words = name.replaceAll('_', ' ').padEnd(width);
  const evidence = events.map((id) => `  ${paint('dim', `#${id}`)}`).join('');
  const indent = ' '.repeat(width + 6);
  return [
    `  ${holds ? paint('green', '✓') : paint('red', '✗')} ${words}  ${inLocalTime(says)}${evidence}`,
    ...(changesAt === null ? [] : [`${indent}${paint('dim', 'changes')} ${moment(changesAt, now)}`]),
    ...(nextStep === null ? [] : [`${indent}${paint('dim', '→')} ${inLocalTime(nextStep)}`]),
  ];
}

function agentLines(why: WhyAgent, names: Names, paint: Paint): string[] {
  const { agent, holds, holdsMore, next, obstacles, nextDueAt, counts, askedAt: now } = why;
  const open = TASK_STATUS_NAMES.filter((status) => !isEnded(status)).map(
    (status) => `${counts.tasks[status]} ${status}`,
  );
  return [
    `agent ${agent}`,
    ...(holds.length === 0 ? ['holds no session'] : holds.map((one) => `holds ${holderLine(one, names, now)}`)),
    ...(holdsMore ? ['  … and more: orchestrator session list --status running'] : []),
    '',
    ...(next.length === 0
      ? [
          paint('red', 'a claim would get no task now'),
          ...obstacles.map((one) => `  ${paint('red', '✗')} ${obstacle(one, names)}`),
          ...(obstacles.length === 0 ? ['  no task is queued'] : []),
          ...(nextDueAt === null ? [] : [`  the next is due ${moment(nextDueAt, now)}`]),
          `  ${paint('dim', open.join(', '))}`,
        ]
      : [paint('green', 'a claim would get, best first'), ...next.map((task) => `  ${briefLine(task, paint)}`)]),
  ];
}

function obstacle({ condition, count, taskId }: WhyAgent['obstacles'][number], names: Names): string {
  const why =
    condition === null ? 'only a claim that names the session would take it' : `not ${WORDS[condition] ?? condition}`;
  return `${counted(count, 'queued task')}: ${why}  (orchestrator why task ${names.taskReference(taskId)})`;
}

/** The words for the conditions of several waiting tasks. */
const WORDS: { readonly [Name in Condition['name']]?: string } = {
  not_held: 'free, their session is held',
  first_in_queue: 'the first of their session',
  addressee: 'for this agent',
  kind: 'of a kind that was asked for',
};

function holderLine(
  { sessionId, taskId, fence, expiresAt, staleAt, heartbeatAt }: HolderInBrief,
  names: Names,
  now: number,
): string {
  const what = `session ${names.session(sessionId)}, task ${names.task(taskId)}`;
  const heartbeat = `last heartbeat ${relative(heartbeatAt, now)}, stale from ${timestamp(staleAt)}`;
  return `${what}, fence ${fence}, until ${moment(expiresAt, now)}; ${heartbeat}`;
}

function briefLine({ status, title, ...task }: TaskInBrief, paint: Paint): string {
  return `${state(status, paint)}  ${labelOf('task', task)}  ${shorten(printable(title), 60)}`;
}

const OFFSPRING: { readonly [State in NonNullable<SeenProcesses['offspring']>]: string | null } = {
  none: null,
  ended: 'All that it started has ended.',
  alive: 'Something that it started is still alive, so its lease ends by its time.',
  unproven: 'It cannot be proved that all that it started has ended, so its lease ends by its time.',
};

const HANDED_ON = 'All that it started has ended. But another process has its lease, so the lease ends by its time.';

function processLines({ holder, offspring, ofLeases }: SeenProcesses, paint: Paint): string[] {
  const told = {
    alive: ['The process that claimed is alive.'],
    gone: ['The process that claimed is gone.'],
    unknown: ['It cannot be seen from here whether the process that claimed is alive.'],
  };
  // A lease can be handed on: to what starts in the container beside the command, or to a job of `at`.
  const isHandedOn = offspring === 'ended' && ofLeases.some(({ over, processes }) => !over && processes.length > 0);
  const lines = [
    ...(holder === null ? [] : told[holder]),
    ...[isHandedOn ? HANDED_ON : offspring === null ? null : OFFSPRING[offspring]].filter((line) => line !== null),
    ...ofLeases.flatMap(({ fence, over, processes }) =>
      processes.map(({ pid, command }) => {
        const name = `process ${pid} (${command})`;
        if (!over && holder === 'gone')
          return paint('yellow', `Still alive, although the process that claimed is gone: ${name}.`);
        return over
          ? paint(
              'yellow',
              `Still alive: ${name} of the lease with fence ${fence}, which is over; its writes are refused.`,
            )
          : `Alive under the lease: ${name}.`;
      }),
    ),
  ];
  return lines.length === 0 ? [] : ['', ...lines];
}
