import { shellWord } from '@agent-orchestrator/core';
import type { Names } from '../names.ts';

/** Who takes a task, as the flags of a claim say it. */
export interface Claimant {
  readonly agent: string | null;
  readonly role?: string | null;
  readonly instance?: string | null;
}

/** How a reader calls the orchestrator: each word is something that it can do as it stands. */
export interface StepWords {
  /** Takes the next task of any session. */
  claim(by: Claimant): string;
  claimIn(by: Claimant, names: Names, sessionId: string): string;
  /** Takes back what an earlier run of the agent held. */
  takeBack(by: Claimant, names: Names, sessionId: string): string;
  /** What the holder can do, as one sentence. */
  readonly work: string;
  /** The same of a review, which ends with a verdict. */
  readonly review: string;
  /** The rest of a sentence. */
  readonly endCancelled: string;
  /** After a restart, as a sentence with the space before it. */
  afterRestart(agent: string, names: Names, sessionId: string): string;
  whyTask(names: Names, taskId: string): string;
  whySession(names: Names, sessionId: string): string;
  graph(names: Names, taskId: string): string;
}

/** The command line. Only the holder knows the token, so the commands do not show it. */
export const COMMAND_WORDS: StepWords = {
  claim: (by) => `\`orchestrator claim${claimantWords(by)}\``,
  claimIn: (by, names, id) => `\`orchestrator claim${claimantWords(by)} --session ${names.sessionReference(id)}\``,
  takeBack: (by, names, id) =>
    `\`orchestrator claim${claimantWords(by)} --session ${names.sessionReference(id)} --resume\``,
  work:
    'With the token, `orchestrator checkpoint --next-action TEXT` saves the work, ' +
    '`orchestrator release --outcome succeeded` ends it.',
  review:
    'With the token, `orchestrator checkpoint --next-action TEXT` saves the work, ' +
    '`orchestrator release --outcome approved` or `--outcome changes_requested --note TEXT` ends the review.',
  endCancelled: 'with the token, `orchestrator release --outcome cancelled` ends the task.',
  afterRestart: (agent, names, id) =>
    ` After a restart: \`orchestrator claim --agent ${shellWord(agent)} --session ${names.sessionReference(id)} ` +
    '--resume`.',
  whyTask: (names, id) => `\`orchestrator why task ${names.taskReference(id)}\``,
  whySession: (names, id) => `\`orchestrator why session ${names.sessionReference(id)}\``,
  graph: (names, id) => `\`orchestrator task graph ${names.taskReference(id)}\``,
};

/** The tools of an agent host. They know who asks, and what is held. */
export const TOOL_WORDS: StepWords = {
  claim: () => '`claim_task`',
  claimIn: (_by, names, id) => `\`claim_task\` with session ${names.sessionReference(id)}`,
  takeBack: () => '`resume`',
  work: 'The tool `resume` shows it or takes it back; `checkpoint` saves the work, `release_task` ends it.',
  review:
    'The tool `resume` shows it or takes it back; `checkpoint` saves the work, ' +
    '`release_task` with outcome approved, or with outcome changes_requested and a note, ends the review.',
  endCancelled: '`release_task` with outcome cancelled ends the task.',
  afterRestart: () => '',
  whyTask: (names, id) => `\`task_status\` with task ${names.taskReference(id)}`,
  whySession: () => '`task_status`',
  graph: (names, id) => `\`task_status\` with task ${names.taskReference(id)}`,
};

/** Without a name, the command line works as its default agent. */
function claimantWords({ agent, role = null, instance = null }: Claimant): string {
  const as = agent === null ? '' : ` --agent ${shellWord(agent)}`;
  const run = instance === null ? '' : ` --instance ${shellWord(instance)}`;
  return role === null ? `${as}${run}` : `${as}${run} --role ${shellWord(role)}`;
}
