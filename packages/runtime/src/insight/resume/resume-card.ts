import { addresseeName, counted, isoSeconds, shellWord, waitsForTasks, type Artifact } from '@agent-orchestrator/core';
import { artifactPlace, shownContext, shownResult } from '../../text/artifact-place.ts';
import type { Names } from '../names.ts';
import { fitCard, RESUME_BUDGET, type Item, type Part } from './card-fit.ts';
import { CardText, items } from './card-text.ts';
import { isHeldBy, nextStep } from './next-step.ts';
import { questionLines, questionsPart } from './questions-part.ts';
import { COMMAND_WORDS, type StepWords } from './step-words.ts';
import type {
  AlsoHeld,
  EventInBrief,
  ResumeFacts,
  JudgedWork,
  SessionFacts,
  Tenure,
  WaitingFor,
  WaitingTask,
} from './resume-facts.ts';

/** The content of a card, and the short names of the tasks and sessions in it. */
export interface CardFacts {
  readonly facts: ResumeFacts | null;
  readonly names: Names;
}

/**
 * @param words how its reader takes the next step: by commands, or by the tools of an agent host
 * @returns the card, with a line feed after each line; empty if there is nothing to continue
 */
export function resumeCard(
  { facts, names }: CardFacts,
  budget: number = RESUME_BUDGET.default,
  words: StepWords = COMMAND_WORDS,
): string {
  if (facts === null) return '';
  const say = new CardText(names, budget);
  const next = nextStep(facts, names, words);
  const parts = facts.session === null ? withoutSession(facts, next, say) : ofSession(facts, facts.session, next, say);
  return fitCard(parts, budget);
}

function ofSession(facts: ResumeFacts, session: SessionFacts, next: string, say: CardText): Part[] {
  return [
    questionsPart(facts, say),
    tenurePart(facts, session, say),
    {
      heading: 'Next step',
      lines: items('next', [next]),
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

function withoutSession(facts: ResumeFacts, next: string, say: CardText): Part[] {
  return [
    questionsPart(facts, say),
    waitingForPart(facts, say),
    {
      heading: 'Next step',
      lines: items('next', [next]),
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
    `session ${say.session(id)} (${session.status})`,
    ...(tenure === null ? [] : [tenureLine(tenure, say)]),
    ...(holder !== null && holder.fence !== tenure?.fence ? [`held now by ${holderText(holder, say)}`] : []),
    ...(holder !== null && holder.fence === tenure?.fence && !isCurrent && facts.instance !== null
      ? [`this run is ${say.name(facts.instance)}; the lease is of another run of ${say.name(holder.agent)}`]
      : []),
  ];
  return {
    heading: headingOf(facts, session, say),
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
  const name = `task ${say.names.taskReference(task.id)} ${say.text('title', task.title)}`;
  return [
    ...items('about', [
      `${name}, kind ${say.name(task.kind)}, ${task.status}, attempt ${task.attempt} of ${task.attemptsMax}`,
      ...(task.cancelRequestedAt === null ? [] : [`cancellation requested at ${isoSeconds(task.cancelRequestedAt)}`]),
    ]),
    ...items('about', reviewedLines(task.reviews, say)),
    ...items('next', [...questionLines(task, say), ...waitingLines(task, say)]),
    ...items('rest', [
      ...(task.note === null ? [] : [`note ${say.text('note', task.note)}`]),
      ...(task.progress === null ? [] : [`progress ${say.json(task.progress)}`]),
      ...(task.payload === null ? [] : [`payload ${say.json(task.payload)}`]),
      ...task.artifacts.map((one) => artifactLine(one, say)),
    ]),
  ];
}

/** What a reviewer has to judge. */
function reviewedLines(work: JudgedWork | null, say: CardText): string[] {
  if (work === null) return [];
  const { taskId, title, round, holders, payload, result } = work;
  const by = holders.map((name) => say.name(name)).join(', ');
  return [
    `reviews task ${say.names.taskReference(taskId)} ${say.text('title', title)}, done by ${by}, round ${round}`,
    `its payload ${say.json(payload)}`,
    `its result ${say.json(shownResult(result))}`,
  ];
}

function artifactLine({ name, sha256, bytes, ...place }: Artifact, say: CardText): string {
  const where = say.text('memory', artifactPlace(place));
  return `artifact ${say.text('title', name)} at ${where}, ${counted(bytes, 'byte')}, sha256 ${sha256}`;
}

/** What it waits for besides an answer. */
function waitingLines(task: NonNullable<SessionFacts['task']>, say: CardText): string[] {
  if (!waitsForTasks(task)) return [];
  const graph = `\`orchestrator task graph ${say.names.taskReference(task.id)}\``;
  return [`waits for ${counted(task.openDependencies ?? 0, 'task')}: ${graph}`];
}

function headingOf({ agent }: ResumeFacts, { tenure }: SessionFacts, say: CardText): string {
  if (tenure === null) return agent === null ? 'Session' : `Session, not known to have been held by ${say.name(agent)}`;
  return `${tenure.ended === null ? 'Held' : 'Held before'} by ${named(tenure, say)}`;
}

function tenureLine(tenure: Tenure, say: CardText): string {
  const { at, until, ended, fence, agent } = tenure;
  const lease = `lease of ${agentRun(tenure, say)}, fence ${fence}, since ${isoSeconds(at)}`;
  if (ended === null) return `${lease}${untilText(until)}`;
  const by = ended.agent === null || ended.agent === agent ? '' : ` by ${say.name(ended.agent)}`;
  const reason = ended.reason === null ? '' : ` (${ended.reason})`;
  return `${lease}, over since ${isoSeconds(ended.at)}: ${ended.type}${by}${reason}, event #${ended.id}`;
}

function holderText(holder: Tenure, say: CardText): string {
  return `${holder.you ? 'you, ' : ''}${agentRun(holder, say)} with fence ${holder.fence}${untilText(holder.until)}`;
}

/** The agent, and whether it is the one that asks. */
function named({ agent, you }: Pick<Tenure, 'agent' | 'you'>, say: CardText): string {
  return you ? `you, ${say.name(agent)}` : say.name(agent);
}

function agentRun({ agent, instance }: Pick<Tenure, 'agent' | 'instance'>, say: CardText): string {
  return `${say.name(agent)}${instance === null ? '' : ` (${say.name(instance)})`}`;
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
  const { turn, at, eventId, agent, lastAction, nextAction, memoryRef, hash, data } = shownContext(checkpoint);
  const by = agent === null ? '' : ` by ${say.name(agent)}`;
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
    heading: `Waiting for ${agent === null ? 'the agent' : say.name(agent)}`,
    lines: items(
      'rest',
      waitingFor.map((one) => waitingForLine(one, say)),
    ),
    unread: 0,
    isCapped: waitingForMore,
    rest: { what: 'waiting task', command: `why agent ${agent === null ? 'NAME' : shellWord(agent)}` },
  };
}

function waitingForLine(one: WaitingFor, say: CardText): string {
  const { taskId, sessionId, title, role, note } = one;
  const where = taskId === sessionId ? '' : ` in session ${say.names.sessionReference(sessionId)}`;
  const as = role === null ? '' : ` for role ${say.name(role)}`;
  const noteText = note === null ? '' : `, note ${say.text('note', note)}`;
  const task = `task ${say.names.taskReference(taskId)}${where}${as} ${say.text('title', title)}`;
  return `${task}${handoverText(one, say)}${noteText}`;
}

function handoverText({ handedOver, returnAt, returnedFrom }: WaitingFor, say: CardText): string {
  if (handedOver === null) return '';
  const { by, at, eventId } = handedOver;
  const cameBack = returnedFrom === null ? '' : `, back from ${addresseeName(returnedFrom)}, not claimed in time`;
  const goesBack = returnAt === null ? '' : `, goes back at ${isoSeconds(returnAt)} if not claimed`;
  return `${cameBack}, handed over${say.by(by)} at ${isoSeconds(at)} (#${eventId})${goesBack}`;
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
    heading: whose === null ? 'What happened in the session' : `Since the last event of ${say.name(whose)}`,
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
    ...(agent === null ? [] : [`by ${say.name(agent)}`]),
    ...(fromAgent === null ? [] : [`from ${say.name(fromAgent)}`]),
    ...(reason === null ? [] : [`(${say.name(reason)})`]),
    ...(fence === null ? [] : [`fence ${fence}`]),
    ...(taskId === null ? [] : [`task ${say.names.taskReference(taskId)}`]),
    ...(title === null ? [] : [say.text('eventText', title)]),
    ...(note === null ? [] : [`note ${say.text('eventText', note)}`]),
  ].join(' ');
}

function queuePart({ id, queue, waitingCount }: SessionFacts, say: CardText): Part {
  const blocked = queue.some(({ status }) => status === 'blocked') ? ' --status blocked' : '';
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
      command: `task list --session ${say.names.sessionReference(id)} --status queued --status scheduled${blocked}`,
    },
  };
}

function queueLine(task: WaitingTask, say: CardText): string {
  const { id, title, status, runAt, assignee, role, note, handedOffBy, returnAt } = task;
  const due = status === 'scheduled' && runAt !== null ? ` from ${isoSeconds(runAt)} on` : '';
  const only =
    assignee === null ? (role === null ? '' : ` only for role ${say.name(role)}`) : ` only for ${say.name(assignee)}`;
  const noteText = note === null ? '' : `, note ${say.text('eventText', note)}`;
  const from = handedOffBy === null ? '' : `, handed off by ${say.name(handedOffBy)}`;
  const back = returnAt === null ? '' : ` until ${isoSeconds(returnAt)}`;
  return `${say.names.taskReference(id)} ${say.text('title', title)} ${status}${due}${only}${from}${back}${noteText}`;
}

function alsoHeldPart({ agent, alsoHeld, alsoHeldMore }: ResumeFacts, say: CardText): Part {
  return {
    heading: `Also held by ${agent === null ? 'the agent' : say.name(agent)}`,
    lines: items(
      'rest',
      alsoHeld.map((one) => alsoHeldLine(one, say)),
    ),
    unread: 0,
    isCapped: alsoHeldMore,
    rest: { what: 'held session', command: `why agent ${agent === null ? 'NAME' : shellWord(agent)}` },
  };
}

function alsoHeldLine({ sessionId, taskId, fence, until, instance, you }: AlsoHeld, say: CardText): string {
  const run = [you ? 'you' : null, instance === null ? null : say.name(instance)]
    .filter((word) => word !== null)
    .join(', ');
  const { names } = say;
  const where = `session ${names.sessionReference(sessionId)}${run === '' ? '' : ` (${run})`}`;
  const work = `${where}, task ${names.taskReference(taskId)}`;
  return `${work}, fence ${fence}${untilText(until)}: \`orchestrator resume ${names.sessionReference(sessionId)}\``;
}
