import { addresseeOf, addresseesOf, isoSeconds, shellWord } from '@agent-orchestrator/core';
import type { Names } from '../names.ts';
import type { ResumeFacts, SessionFacts } from './resume-facts.ts';

/** The next step that the rules allow, as a command. It follows from the state alone, not from the time. */
export function nextStep(facts: ResumeFacts, names: Names): string {
  const { session } = facts;
  return session === null ? otherWork(facts, names) : (inSession(session, facts, names) ?? otherWork(facts, names));
}

function inSession(session: SessionFacts, facts: ResumeFacts, names: Names): string | null {
  const { holder } = session;
  if (holder !== null)
    return isHeldBy(facts, session) ? held(session, holder, facts, names) : heldByAnother(session, facts, names);
  const [first] = session.queue;
  if (first === undefined) return null;
  if (first.status === 'waiting' && first.asks)
    return `Task ${names.taskReference(first.id)} waits for an answer to its question. ${otherWork(facts, names)}`;
  if (first.status === 'in_review')
    return `Task ${names.taskReference(first.id)} waits for its reviews. ${otherWork(facts, names)}`;
  if (first.status === 'blocked' || first.status === 'waiting')
    return `All its waiting tasks wait for others: \`orchestrator task graph ${names.taskReference(first.id)}\`.`;
  const as = claimantWords(facts, first);
  if (as === null)
    return `The first waiting task is for another agent: \`orchestrator why task ${names.taskReference(first.id)}\`.`;
  const claim = `\`orchestrator claim${as} --session ${names.sessionReference(session.id)}\``;
  if (first.status === 'scheduled' && first.runAt !== null)
    return `From ${isoSeconds(first.runAt)} on, ${claim} takes task ${names.taskReference(first.id)}.`;
  return `${claim} takes task ${names.taskReference(first.id)}, with the context above.`;
}

/** Whether the card is for the current holder, not for another run of it. */
export function isHeldBy({ agent, instance }: ResumeFacts, { holder }: SessionFacts): boolean {
  if (holder === null || (agent !== null && holder.agent !== agent)) return false;
  return instance === null || holder.instance === null || holder.instance === instance;
}

/** Only the holder knows the token, so the commands do not show it: they take it from ORCHESTRATOR_TOKEN. */
function held(
  { id, task }: SessionFacts,
  { agent }: NonNullable<SessionFacts['holder']>,
  facts: ResumeFacts,
  names: Names,
): string {
  if ((task?.cancelRequestedAt ?? null) !== null)
    return 'Cancellation was requested: with the token, `orchestrator release --outcome cancelled` ends the task.';
  const work =
    'With the token, `orchestrator checkpoint --next-action TEXT` saves the work, ' +
    ((task?.reviews ?? null) === null ? '`orchestrator release --outcome succeeded` ends it.' : VERDICTS);
  if (facts.instance !== null) return work;
  const reference = names.sessionReference(id);
  return `${work} After a restart: \`orchestrator claim --agent ${shellWord(agent)} --session ${reference} --resume\`.`;
}

const VERDICTS =
  '`orchestrator release --outcome approved` or `--outcome changes_requested --note TEXT` ends the review.';

function heldByAnother({ id, holder }: SessionFacts, { agent, instance }: ResumeFacts, names: Names): string {
  const reference = names.sessionReference(id);
  if (holder?.agent !== agent) return `\`orchestrator why session ${reference}\` says when it can be claimed.`;
  const run = instance === null ? '' : ` --instance ${shellWord(instance)}`;
  const claim = `\`orchestrator claim${agentWords(agent)}${run} --session ${reference} --resume\``;
  return `${claim} takes it back from the earlier run, whose token is refused from then on.`;
}

function otherWork(facts: ResumeFacts, names: Names): string {
  const [asked] = facts.questions;
  if (asked !== undefined)
    return (
      `\`orchestrator answer ${names.taskReference(asked.taskId)} TEXT\` answers the question of ` +
      `task ${names.taskReference(asked.taskId)}.`
    );
  const [first] = facts.waitingFor;
  const as = first === undefined ? null : claimantWords(facts, first);
  if (first !== undefined && as !== null)
    return (
      `\`orchestrator claim${as} --session ${names.sessionReference(first.sessionId)}\` ` +
      `takes task ${names.taskReference(first.taskId)}, which waits for it.`
    );
  return `Nothing is left here; \`orchestrator claim${agentWords(facts.agent)}\` takes other work.`;
}

/** The options with which the agent claims the task; null: it may not. */
function claimantWords(
  { agent, roles }: ResumeFacts,
  task: { readonly assignee: string | null; readonly role: string | null },
): string | null {
  const named = agentWords(agent ?? task.assignee);
  const asked = agent === null && task.role !== null ? [task.role] : roles;
  if (agent !== null && !addresseesOf(agent, asked).includes(addresseeOf(task))) return null;
  return task.role === null ? named : `${named} --role ${shellWord(task.role)}`;
}

/** The flag that names the agent. Without a name, the command line works as its default agent. */
function agentWords(agent: string | null): string {
  return agent === null ? '' : ` --agent ${shellWord(agent)}`;
}
