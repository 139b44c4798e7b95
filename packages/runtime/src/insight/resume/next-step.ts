import { addresseeOf, addresseesOf, isoSeconds } from '@agent-orchestrator/core';
import type { Names } from '../names.ts';
import type { ResumeFacts, SessionFacts } from './resume-facts.ts';
import { COMMAND_WORDS, type Claimant, type StepWords } from './step-words.ts';

/** The next step that the rules allow, in words of the reader. It follows from the state alone, not from the time. */
export function nextStep(facts: ResumeFacts, names: Names, words: StepWords = COMMAND_WORDS): string {
  const { session } = facts;
  const next = session === null ? null : inSession(session, facts, names, words);
  return next ?? otherWork(facts, names, words);
}

function inSession(session: SessionFacts, facts: ResumeFacts, names: Names, words: StepWords): string | null {
  const { holder } = session;
  if (holder !== null)
    return isHeldBy(facts, session)
      ? held(session, holder, facts, names, words)
      : heldByAnother(session, facts, names, words);
  const [first] = session.queue;
  if (first === undefined) return null;
  const other = () => otherWork(facts, names, words);
  if (first.status === 'waiting' && first.asks)
    return `Task ${names.taskReference(first.id)} waits for an answer to its question. ${other()}`;
  if (first.status === 'in_review') return `Task ${names.taskReference(first.id)} waits for its reviews. ${other()}`;
  if (first.status === 'blocked' || first.status === 'waiting')
    return `All its waiting tasks wait for others: ${words.graph(names, first.id)}.`;
  const by = claimantOf(facts, first);
  if (by === null) return `The first waiting task is for another agent: ${words.whyTask(names, first.id)}.`;
  const claim = words.claimIn(by, names, session.id);
  if (first.status === 'scheduled' && first.runAt !== null)
    return `From ${isoSeconds(first.runAt)} on, ${claim} takes task ${names.taskReference(first.id)}.`;
  return `${claim} takes task ${names.taskReference(first.id)}, with the context above.`;
}

/** Whether the card is for the current holder, not for another run of it. */
export function isHeldBy({ agent, instance }: ResumeFacts, { holder }: SessionFacts): boolean {
  if (holder === null || (agent !== null && holder.agent !== agent)) return false;
  return instance === null || holder.instance === null || holder.instance === instance;
}

function held(
  { id, task }: SessionFacts,
  { agent }: NonNullable<SessionFacts['holder']>,
  facts: ResumeFacts,
  names: Names,
  words: StepWords,
): string {
  if ((task?.cancelRequestedAt ?? null) !== null) return `Cancellation was requested: ${words.endCancelled}`;
  const work = (task?.reviews ?? null) === null ? words.work : words.review;
  return facts.instance !== null ? work : `${work}${words.afterRestart(agent, names, id)}`;
}

function heldByAnother(
  { id, holder }: SessionFacts,
  { agent, instance }: ResumeFacts,
  names: Names,
  words: StepWords,
): string {
  if (holder?.agent !== agent) return `${words.whySession(names, id)} says when it can be claimed.`;
  const claim = words.takeBack({ agent, instance }, names, id);
  return `${claim} takes it back from the earlier run, whose token is refused from then on.`;
}

function otherWork(facts: ResumeFacts, names: Names, words: StepWords): string {
  const [asked] = facts.questions;
  if (asked !== undefined)
    return (
      `\`orchestrator answer ${names.taskReference(asked.taskId)} TEXT\` answers the question of ` +
      `task ${names.taskReference(asked.taskId)}.`
    );
  const [first] = facts.waitingFor;
  const by = first === undefined ? null : claimantOf(facts, first);
  if (first !== undefined && by !== null)
    return (
      `${words.claimIn(by, names, first.sessionId)} ` +
      `takes task ${names.taskReference(first.taskId)}, which waits for it.`
    );
  return `Nothing is left here; ${words.claim({ agent: facts.agent })} takes other work.`;
}

/** Who can claim the task; null: the agent may not. */
function claimantOf(
  { agent, roles }: ResumeFacts,
  task: { readonly assignee: string | null; readonly role: string | null },
): Claimant | null {
  const asked = agent === null && task.role !== null ? [task.role] : roles;
  if (agent !== null && !addresseesOf(agent, asked).includes(addresseeOf(task))) return null;
  return { agent: agent ?? task.assignee, role: task.role };
}
