import type { Json } from '@agent-orchestrator/core';
import { jsonCopy } from './json-copy.ts';
import { bytesOfJson, fitted } from './json-fit.ts';
import { shortened } from './storable-text.ts';

/** In the place of a value that cannot be stored, or beside what is kept of it. */
export function notStored(problem: string): { readonly not_stored: string } {
  return { not_stored: shortened(problem) };
}

/**
 * What a store takes of a value that a handler gave. If that is not all, `not_stored` says why: in the object, or
 * beside `kept` if the value is none. If nothing is left, it stands alone.
 *
 * @param name of the value in the note
 * @param besides a problem that the note tells first, whatever the value
 */
export function keptJson(value: unknown, name: string, bytesMax: number, besides: string | null = null): Json {
  const { json, problem } = jsonCopy(value, name);
  const bytes = bytesOfJson(json);
  const found = problem ?? (bytes > bytesMax ? `${name} is ${bytes} bytes of JSON, the limit is ${bytesMax}.` : null);
  const problems = [besides, found].filter((one) => one !== null);
  return problems.length === 0 ? json : withNote(json, problems.join(' '), bytesMax);
}

/** The same, of a value that is JSON, but that the API refused: nothing in it is looked at where it is now. */
export function refusedJson(json: Json | undefined, problem: string, bytesMax: number): Json {
  return json === undefined ? notStored(problem) : beside(notStored(problem), wrapped(json), bytesMax);
}

/** The value with the note, cut to what fits. */
function withNote(json: Json, problem: string, bytesMax: number): Json {
  // The object may have a property of this name.
  const hasPlace = isObject(json) && !Object.hasOwn(json, 'not_stored');
  return beside(notStored(problem), hasPlace ? json : wrapped(json), bytesMax);
}

/** Copied, because by this it may be nested too deep. */
function wrapped(json: Json): Json {
  return jsonCopy({ kept: json }, 'kept').json;
}

function beside(note: ReturnType<typeof notStored>, parts: Json, bytesMax: number): Json {
  const kept = fitted(parts, bytesMax - bytesOfJson(note));
  return saysSomething(kept) ? { ...note, ...(kept as object) } : note;
}

function isObject(json: Json): json is Exclude<Json, readonly Json[]> & object {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** Whether anything but null, and what is empty, is in it. */
function saysSomething(json: Json | undefined): boolean {
  if (typeof json === 'object' && json !== null) return Object.values(json).some(saysSomething);
  return json !== null && json !== undefined && json !== '';
}
