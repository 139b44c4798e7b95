import { LIMITS } from '@agent-orchestrator/runtime';

const ended = (agent: string): string => `The host of ${agent} ended before the task was done.`;

/** The note of a task that the server gives back. A task has one: that of an earlier holder is kept in it. */
export function hostEndedNote(agent: string, before: string | null): string {
  if (before !== null && isHostEndedNote(agent, before)) return before;
  const note = `${ended(agent)} Its last checkpoint, if any, is kept.`;
  if (before === null) return note;
  return `${note} Note before: ${before}`.slice(0, LIMITS.text_characters_max).toWellFormed();
}

/** Whether a server gave the task back, not the agent itself: then the agent takes it back. */
export function isHostEndedNote(agent: string, note: string | null): boolean {
  return note !== null && note.startsWith(ended(agent));
}
