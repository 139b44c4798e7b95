/* The parts of what others wrote, each as data: see `stored.ts`. */
import type { Context, OrchestratorReads, TaskRecord } from '@agent-orchestrator/core';
import { quoted, quotedJson, shownContext, shownResult } from '@agent-orchestrator/runtime';

export type ContextReads = Pick<OrchestratorReads, 'listEvents'>;

/** How long each kind of text may be, in bytes; what is longer is cut, with its length. */
const BYTES_MAX = { short: 300, text: 2_000, json: 8_000 } as const;

/** A task as it was written. @param max for the payload, in bytes */
export function taskLines({ author, title, source, payload }: TaskRecord, max?: number): string[] {
  return [
    ...(author === null ? [] : [`author ${short(author)}`]),
    `title ${short(title)}`,
    ...(source === null ? [] : [`source ${short(source)}`]),
    ...(isEmpty(payload) ? [] : [`payload ${json(payload, max)}`]),
  ];
}

/** How the task ended. @param max for each text, in bytes */
export function endLines({ result, error }: Pick<TaskRecord, 'result' | 'error'>, max?: number): string[] {
  return [
    ...(result === null ? [] : [`result ${json(shownResult(result), max)}`]),
    ...(error === null ? [] : [`error ${text(error.message, max)}`]),
  ];
}

/** The last checkpoint of the session of a task. @param max for the data, in bytes */
export async function contextLines(
  reads: ContextReads,
  { sessionId }: TaskRecord,
  context: Context | null,
  max?: number,
): Promise<string[]> {
  if (context === null) return [];
  const { turn, nextAction, lastAction, memoryRef, data } = shownContext(context);
  const { items } = await reads.listEvents({ sessionId, types: ['session.checkpointed'], before: null, limit: 1 });
  const texts = { 'next action': nextAction, 'last action': lastAction, memory: memoryRef };
  return [
    `checkpoint ${turn}${by(items[0]?.agent)}:`,
    ...Object.entries(texts).flatMap(([label, value]) => (value === null ? [] : [`${label} ${text(value)}`])),
    ...(data === null ? [] : [`data ${json(data, max)}`]),
  ];
}

/** A text as data. */
export function text(value: string, max: number = BYTES_MAX.text): string {
  return quoted(value, Math.min(max, BYTES_MAX.text));
}

/** One short text as data. */
export function short(text: string): string {
  return quoted(text, BYTES_MAX.short);
}

function json(value: unknown, max: number = BYTES_MAX.json): string {
  return quotedJson(value, max);
}

/** A name cannot hold a space or a sign that ends it, so it needs no quotes. */
export function by(agent: string | null | undefined): string {
  return agent === null || agent === undefined ? '' : ` by ${agent}`;
}

function isEmpty(payload: unknown): boolean {
  return payload === null || (typeof payload === 'object' && Object.keys(payload).length === 0);
}
