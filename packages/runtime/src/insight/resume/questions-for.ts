import type { OrchestratorReads } from '@agent-orchestrator/core';
import type { QuestionFor } from './resume-facts.ts';

/** Open questions, and whether there are more. */
interface QuestionsFor {
  readonly items: readonly QuestionFor[];
  readonly more: boolean;
}

export const NO_QUESTIONS: QuestionsFor = { items: [], more: false };

const QUESTIONS_MAX = 10;

/** The open questions to an agent, by its name or one of its roles; the oldest first. */
export async function readQuestionsFor(
  reads: Pick<OrchestratorReads, 'listQuestions'>,
  agent: string,
  roles: readonly string[],
): Promise<QuestionsFor> {
  const { items, next } = await reads.listQuestions({ agent, roles: [...roles], limit: QUESTIONS_MAX });
  return {
    items: items.map(({ id: taskId, sessionId, title, question, askedBy, askedAt, askedRole: role }) => ({
      taskId,
      sessionId,
      title,
      question: question ?? '',
      askedBy,
      askedAt: askedAt ?? 0,
      role,
    })),
    more: next !== null,
  };
}
