import { counted, isoSeconds } from '@agent-orchestrator/core';
import type { Names } from '../names.ts';
import { fitCard, RESUME_BUDGET, type Item, type Part, type Precedence } from './card-fit.ts';
import { quoted, quotedJson } from '../../text/quoted.ts';
import { isHeldBy, nextStep } from './next-step.ts';
import type {
  AlsoHeld,
  EventInBrief,
  ResumeFacts,
  SessionFacts,
  Tenure,
  WaitingFor,
  WaitingTask,
} from './resume-facts.ts';

/** How long stored text may be with the default budget, in bytes; more with a larger one. */
const FIELD_BYTES = { title: 150, action: 450, memory: 300, json: 500, note: 300, hash: 80, eventText: 120 } as const;

function items(precedence: Precedence, texts: readonly string[]): Item[] {
  return texts.map((text) => ({ text, precedence }));
}

/** The content of a card, and the short names of the tasks and sessions in it. */
export interface CardFacts {
  readonly facts: ResumeFacts | null;
  readonly names: Names;
}

/** @returns the card, with a line feed after each line; empty if there is nothing to continue */
export function resumeCard({ facts, names }: CardFacts, budget: number = RESUME_BUDGET.default): string {
  if (facts === null) return '';
  const say = new CardText(names, budget);
  const parts = facts.session === null ? withoutSession(facts, say) : ofSession(facts, facts.session, say);
  return fitCard(parts, budget);
}

/** How stored texts, tasks and sessions are written in a card. */
class CardText {
  readonly names: Names;
  readonly #scale: number;

  constructor(names: Names, budget: number) {
    this.names = names;
    this.#scale = budget / RESUME_BUDGET.default;
  }

  text(field: keyof typeof FIELD_BYTES, text: string): string {
    return quoted(text, Math.floor(FIELD_BYTES[field] * this.#scale));
  }

  json(value: unknown): string {
    return quotedJson(value, Math.floor(FIELD_BYTES.json * this.#scale));
  }
}

function ofSession(facts: ResumeFacts, session: SessionFacts, say: CardText): Part[] {
  return [
    tenurePart(facts, session, say),
    {
      heading: 'Next step',
      lines: items('next', [nextStep(facts, say.names)]),
      unread: 0,
      rest: { what: 'next step', command: `why session ${say.names.sessionReference(session.id)}` },
    },
    checkpointPart(session, say),
    waitingForPart(facts, say),
    sincePart(facts, session, say),
    queuePart(session, say),
    alsoHeldPart(facts, say),
  ];
}

function withoutSession(facts: ResumeFacts, say: CardText): Part[] {
  return [
    waitingForPart(facts, say),
    {
      heading: 'Next step',
      lines: items('next', [nextStep(facts, say.names)]),
      unread: 0,
      rest: { what: 'next step', command: 'status' },
    },
    alsoHeldPart(facts, say),
  ];
}

function tenurePart(facts: ResumeFacts, session: SessionFacts, say: CardText): Part {
  const { tenure, holder, task, id } = session;
  const isCurrent = isHeldBy(facts, session);
  const identity = [
    `session ${say.names.session(id)} (${session.status})`,
    ...(tenure === null ? [] : [tenureLine(tenure)]),
    ...(holder !== null && holder.fence !== tenure?.fence ? [`held now by ${holderText(holder)}`] : []),
    ...(holder !== null && holder.fence === tenure?.fence && !isCurrent && facts.instance !== null
      ? [`this run is ${facts.instance}; the lease is of another run of ${holder.agent}`]
      : []),
  ];
  return {
    heading: headingOf(facts, session),
    lines: [...items('identity', identity), ...(task === null ? [] : taskLines(task, say))],
    unread: 0,
    rest: {
      what: 'detail',
      command:
        task === null
          ? `session show ${say.names.sessionReference(id)}`
          : `task show ${say.names.taskReference(task.id)}`,
    },
  };
}

function taskLines(task: NonNullable<SessionFacts['task']>, say: CardText): Item[] {
  const name = `task ${say.names.task(task.id)} ${say.text('title', task.title)}`;
  return [
    ...items('about', [
      `${name}, kind ${task.kind}, ${task.status}, attempt ${task.attempt} of ${task.attemptsMax}`,
      ...(task.cancelRequestedAt === null ? [] : [`cancellation requested at ${isoSeconds(task.cancelRequestedAt)}`]),
    ]),
    ...items('rest', [
      ...(task.note === null ? [] : [`note ${say.text('note', task.note)}`]),
      ...(task.progress === null ? [] : [`progress ${say.json(task.progress)}`]),
      ...(task.payload === null ? [] : [`payload ${say.json(task.payload)}`]),
    ]),
  ];
}

function headingOf({ agent }: ResumeFacts, { tenure }: SessionFacts): string {
  if (tenure === null) return agent === null ? 'Session' : `Session, not known to have been held by ${agent}`;
  return `${tenure.ended === null ? 'Held' : 'Held before'} by ${named(tenure)}`;
}

function tenureLine(tenure: Tenure): string {
  const { at, until, ended, fence, agent } = tenure;
  const lease = `lease of ${agentRun(tenure)}, fence ${fence}, since ${isoSeconds(at)}`;
  if (ended === null) return `${lease}${untilText(until)}`;
  const by = ended.agent === null || ended.agent === agent ? '' : ` by ${ended.agent}`;
  const reason = ended.reason === null ? '' : ` (${ended.reason})`;
  return `${lease}, over since ${isoSeconds(ended.at)}: ${ended.type}${by}${reason}, event #${ended.id}`;
}

function holderText(holder: Tenure): string {
  return `${holder.you ? 'you, ' : ''}${agentRun(holder)} with fence ${holder.fence}${untilText(holder.until)}`;
}

/** The agent, and whether it is the one that asks. */
function named({ agent, you }: Pick<Tenure, 'agent' | 'you'>): string {
  return you ? `you, ${agent}` : agent;
}

function agentRun({ agent, instance }: Pick<Tenure, 'agent' | 'instance'>): string {
  return `${agent}${instance === null ? '' : ` (${instance})`}`;
}

function untilText(until: number | null): string {
  return until === null ? '' : `, until ${isoSeconds(until)} unless renewed`;
}

function checkpointPart({ id, checkpoint }: SessionFacts, say: CardText): Part {
  const part = {
    heading: 'Last checkpoint',
    unread: 0,
    rest: {
      what: 'checkpoint field',
      command: `events --session ${say.names.sessionReference(id)} --type session.checkpointed`,
    },
  };
  if (checkpoint === null) return { ...part, lines: [] };
  const { turn, at, eventId, agent, lastAction, nextAction, memoryRef, hash, data } = checkpoint;
  const by = agent === null ? '' : ` by ${agent}`;
  const text = (label: string, field: 'action' | 'memory', value: string | null) =>
    value === null ? [] : [`${label} ${say.text(field, value)}`];
  return {
    ...part,
    lines: [
      ...items('about', [
        `turn ${turn}${at === null ? '' : `, ${isoSeconds(at)}`}${by}${eventId === null ? '' : `, event #${eventId}`}`,
      ]),
      ...items('next', text('next action', 'action', nextAction)),
      ...items('last', text('last action', 'action', lastAction)),
      ...items('rest', [
        ...text('memory', 'memory', memoryRef),
        ...(data === null ? [] : [`data ${say.json(data)}`]),
        // The hash is of the memory, so it is only shown with it.
        ...(memoryRef === null ? [] : [`hash ${say.text('hash', hash)}`]),
      ]),
    ],
  };
}

function waitingForPart({ agent, waitingFor, waitingForMore }: ResumeFacts, say: CardText): Part {
  return {
    heading: `Waiting for ${agent ?? 'the agent'}`,
    lines: items(
      'rest',
      waitingFor.map((one) => waitingForLine(one, say)),
    ),
    unread: 0,
    isCapped: waitingForMore,
    rest: { what: 'waiting task', command: `why agent ${agent ?? 'NAME'}` },
  };
}

function waitingForLine({ taskId, sessionId, title, role, handedOver, note }: WaitingFor, say: CardText): string {
  const where = taskId === sessionId ? '' : ` in session ${say.names.session(sessionId)}`;
  const as = role === null ? '' : ` for role ${role}`;
  const noteText = note === null ? '' : `, note ${say.text('note', note)}`;
  const task = `task ${say.names.task(taskId)}${where}${as} ${say.text('title', title)}`;
  return `${task}${handoverText(handedOver)}${noteText}`;
}

function handoverText(handedOver: WaitingFor['handedOver']): string {
  if (handedOver === null) return '';
  const { by, at, eventId } = handedOver;
  return `, handed over${by === null ? '' : ` by ${by}`} at ${isoSeconds(at)} (#${eventId})`;
}

function sincePart(facts: ResumeFacts, { id, since, tenure }: SessionFacts, say: CardText): Part {
  const { last, counts, isCapped, events } = since;
  const told = Object.entries(counts);
  const total = told.reduce((sum, [, count]) => sum + count, 0);
  const whose = tenure?.agent ?? facts.agent;
  const after =
    last === null
      ? isCapped
        ? ', the last of many'
        : ''
      : ` after event #${last.id} (${last.type}, ${isoSeconds(last.at)})`;
  const sorted = told.toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const byType = sorted.map(([type, count]) => `${count} ${type}`).join(', ');
  return {
    heading: whose === null ? 'What happened in the session' : `Since the last event of ${whose}`,
    ...(total > 0 && { intro: `${counted(total, 'event', isCapped)}${after}: ${byType}` }),
    lines: items(
      'rest',
      events.map((event) => eventLine(event, say)),
    ),
    unread: total - (counts['session.checkpointed'] ?? 0) - events.length,
    isCapped,
    rest: { what: 'event', command: `events --session ${say.names.sessionReference(id)} --after ${last?.id ?? 0}` },
  };
}

function eventLine(
  { id, at, type, taskId, agent, fence, fromAgent, reason, title, note }: EventInBrief,
  say: CardText,
): string {
  return [
    `#${id} ${isoSeconds(at)} ${type}`,
    ...(agent === null ? [] : [`by ${agent}`]),
    ...(fromAgent === null ? [] : [`from ${fromAgent}`]),
    ...(reason === null ? [] : [`(${reason})`]),
    ...(fence === null ? [] : [`fence ${fence}`]),
    ...(taskId === null ? [] : [`task ${say.names.task(taskId)}`]),
    ...(title === null ? [] : [say.text('eventText', title)]),
    ...(note === null ? [] : [`note ${say.text('eventText', note)}`]),
  ].join(' ');
}

function queuePart({ id, queue, waitingCount }: SessionFacts, say: CardText): Part {
  return {
    heading: 'Left open in the session',
    ...(waitingCount > 0 && {
      intro: `${counted(waitingCount, 'task')} ${waitingCount === 1 ? 'waits' : 'wait'}, in order`,
    }),
    lines: items(
      'rest',
      queue.map((task) => queueLine(task, say)),
    ),
    unread: waitingCount - queue.length,
    rest: {
      what: 'task',
      command: `task list --session ${say.names.sessionReference(id)} --status queued --status scheduled`,
    },
  };
}

function queueLine({ id, title, status, runAt, assignee, role, note }: WaitingTask, say: CardText): string {
  const due = status === 'scheduled' && runAt !== null ? ` from ${isoSeconds(runAt)} on` : '';
  const only = assignee === null ? (role === null ? '' : ` only for role ${role}`) : ` only for ${assignee}`;
  const noteText = note === null ? '' : `, note ${say.text('eventText', note)}`;
  return `${say.names.task(id)} ${say.text('title', title)} ${status}${due}${only}${noteText}`;
}

function alsoHeldPart({ agent, alsoHeld, alsoHeldMore }: ResumeFacts, { names }: CardText): Part {
  return {
    heading: `Also held by ${agent ?? 'the agent'}`,
    lines: items(
      'rest',
      alsoHeld.map((one) => alsoHeldLine(one, names)),
    ),
    unread: 0,
    isCapped: alsoHeldMore,
    rest: { what: 'held session', command: `why agent ${agent ?? 'NAME'}` },
  };
}

function alsoHeldLine({ sessionId, taskId, fence, until, instance, you }: AlsoHeld, names: Names): string {
  const run = [you ? 'you' : null, instance].filter((word) => word !== null).join(', ');
  const work = `session ${names.session(sessionId)}${run === '' ? '' : ` (${run})`}, task ${names.task(taskId)}`;
  return `${work}, fence ${fence}${untilText(until)}: \`orchestrator resume ${names.sessionReference(sessionId)}\``;
}
