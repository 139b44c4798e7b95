import type { Context, Json } from '@agent-orchestrator/core';
import { LIMITS, type Checkpoint } from '@agent-orchestrator/runtime';
import type { WorkState } from './work-state.ts';

/** Where in the data of a checkpoint the program writes. All else there is the model's. */
const FIELD = 'at_turn_end';

/** Its last and next action, and where the rest is. */
const TEXTS_BYTES_MAX = 3 * 4 * LIMITS.text_characters_max;

/** What the model said last is cut to this: the whole of it is in the transcript. */
const MESSAGE_CHARACTERS = 1_000;

/**
 * The checkpoint at the end of a turn. It replaces the last one, so it keeps what the model saved for its successor:
 * what comes next, where the rest is, and its data.
 *
 * @returns null if it would say nothing new
 */
export function turnCheckpoint(before: Context | null, state: WorkState): Checkpoint | null {
  const said = state.lastMessage?.trim() ?? '';
  const lastAction = said === '' ? (before?.lastAction ?? null) : cut(said);
  const seen = {
    ...(state.files.length > 0 && { files: [...state.files] }),
    ...(state.openTasks.length > 0 && { open_tasks: [...state.openTasks] }),
  };
  const data = withSeen(before?.data ?? null, seen);
  const isNew =
    lastAction !== (before?.lastAction ?? null) || JSON.stringify(data) !== JSON.stringify(before?.data ?? null);
  if (!isNew) return null;
  const { nextAction = null, memoryRef = null } = before ?? {};
  return {
    ...(lastAction !== null && { lastAction }),
    ...(nextAction !== null && { nextAction }),
    ...(memoryRef !== null && { memoryRef }),
    ...(data !== null && { data }),
  };
}

/** Data that is no object is the model's as a whole; what was seen then has no place in it. */
function withSeen(data: Json, seen: Readonly<Record<string, string[]>>): Json {
  if (Object.keys(seen).length === 0) return data;
  if (data === null) return { [FIELD]: seen };
  if (typeof data !== 'object' || Array.isArray(data)) return data;
  const all = Object.fromEntries([...Object.entries(data), [FIELD, seen]]);
  // What the model saved goes first, and the rest of a checkpoint needs room, too.
  return Buffer.byteLength(JSON.stringify(all)) > LIMITS.context_bytes_max - TEXTS_BYTES_MAX ? data : all;
}

function cut(text: string): string {
  return text.length <= MESSAGE_CHARACTERS ? text : `${text.slice(0, MESSAGE_CHARACTERS - 1).toWellFormed()}…`;
}
