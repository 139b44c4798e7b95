import type { EventRecord, EventType, Json } from '@agent-orchestrator/core';
import { beginOf } from '../fold/begin-of.ts';
import type { StoreHistory } from '../fold/store-history.ts';

/** An event in a list. */
export interface EventRow {
  readonly id: number;
  readonly at: number;
  readonly type: EventType;
  readonly seq: number;
  readonly agent: string | null;
  readonly taskId: string | null;
  readonly taskNumber: number | null;
  readonly title: string | null;
  readonly sessionId: string | null;
  readonly sessionNumber: number | null;
  readonly fence: number | null;
  /** What it says to people: a note, a question, an answer, the message of an error. */
  readonly text: string | null;
}

const TEXTS = ['question', 'answer', 'note', 'notes', 'next_action', 'reason'];
const TEXT_MAX = 300;

export function eventRow(history: StoreHistory, event: EventRecord): EventRow {
  const { id, at, type, seq, agent, taskId, sessionId, fence, payload } = event;
  const name = taskId === null ? null : history.tasks.nameOf(history.tasks.numberOf(taskId));
  return {
    id,
    at,
    type,
    seq,
    agent,
    taskId,
    sessionId,
    fence,
    taskNumber: name?.number ?? null,
    title: name?.title ?? null,
    sessionNumber: sessionId === null ? null : history.sessionNumber(sessionId),
    text: textOf(payload),
  };
}

function textOf(payload: Json): string | null {
  if (typeof payload !== 'object' || payload === null) return null;
  const said = payload as Readonly<Record<string, unknown>>;
  const error = said['error'] as { readonly message?: unknown } | null | undefined;
  const texts = [...TEXTS.map((name) => said[name]), error?.message];
  const text = texts.find((one) => typeof one === 'string' && one !== '') as string | undefined;
  return text === undefined ? null : beginOf(text, TEXT_MAX);
}
