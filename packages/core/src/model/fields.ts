import { z } from 'zod';
import { invalidInput, type OrchestratorError } from './errors.ts';
import { CONTROLS, INVISIBLE } from './id-characters.ts';
import { findJsonProblem, type Json, type JsonProblem } from './json.ts';
import { LIMITS } from './limits.ts';
import { looksLikeNumber } from './names.ts';
import { PUBLIC_KEY, SIGNATURE } from './public-key.ts';
import { codePoints, isStorableText, utf8Bytes } from './text.ts';
import { SEED, TOKEN } from './token.ts';

/*
 * The kinds of input field, each with its alphabet and limit. Every command's input is made of these, and so are
 * the flags of the command line and the arguments of tools: a rule about a field is written here and nowhere else.
 *
 * The schemas that are made of them are lazy: zod takes longer to make all of them than a command on a shell takes for
 * its own work, and a process uses few.
 */

/** A letter, a combining character or a digit of any script, or `_`; then also `. @ + -`. */
const NAME = /^[\p{L}\p{M}\p{Nd}_][\p{L}\p{M}\p{Nd}_.@+-]*$/u;
/** All but control characters, surrogates and line separators, without a space at either end. */
const ID = new RegExp(String.raw`^(?!\s)[^${CONTROLS}]+(?<!\s)$`, 'u');
const INVISIBLE_CHARACTER = new RegExp(`[${INVISIBLE}]`, 'u');

const NOT_STORABLE = 'contains U+0000 or a lone surrogate';
const text = (max: number) => z.string().max(max).refine(isStorableText, NOT_STORABLE);

/** In NFC, so that a name written in another form is the same name. */
const identifier = (alphabet: RegExp, rule: string) =>
  z
    .string()
    .normalize('NFC')
    .check(({ value, issues }) => {
      const problem = identifierProblem(value, alphabet, rule);
      if (problem !== null) issues.push({ code: 'custom', input: value, ...problem });
    });

function identifierProblem(value: string, alphabet: RegExp, rule: string) {
  if (isTooLong(value))
    return {
      message: `is longer than its limit of ${LIMITS.id_characters_max} characters and ${LIMITS.id_bytes_max} bytes`,
      params: { code: 'LIMIT_EXCEEDED' },
    };
  if (INVISIBLE_CHARACTER.test(value)) return { message: 'contains an invisible character' };
  return alphabet.test(value) ? null : { message: rule };
}

/** A short text is not counted: a UTF-16 unit is at most one character and at most three bytes. */
function isTooLong(value: string): boolean {
  if (value.length <= LIMITS.id_characters_max && value.length * 3 <= LIMITS.id_bytes_max) return false;
  return codePoints(value) > LIMITS.id_characters_max || utf8Bytes(value) > LIMITS.id_bytes_max;
}

/** A name: of an agent, an instance, a role, a kind, a namespace. */
export const name = identifier(
  NAME,
  'must start with a letter, a digit or _, followed only by letters, digits and . _ @ + -',
);

/** An id: of a session, a task; a dedupe key. */
export const id = identifier(ID, 'must not contain control characters or line breaks, nor begin or end with a space');

/**
 * The id of a row that is there already. Not judged: a program with the right to write the rows may have made it, and
 * who meets it in an answer must be able to ask for it.
 */
export const knownId = z
  .string()
  .refine(isStorableText, NOT_STORABLE)
  .overwrite((value) => {
    const made = id.safeParse(value);
    return made.success ? made.data : value;
  });

/** The id of a new task: one like `t42` would be taken for a number. */
export const newId = id.refine((value) => !looksLikeNumber(value), {
  message: 'looks like a number (t42, s17): the store gives numbers, so choose another id',
});

/** A UUIDv7, because it contains the time of the command. */
export const commandId = z.uuidv7('must be a UUIDv7').lowercase('must be a UUIDv7 in lower case');

export const title = text(LIMITS.title_characters_max).min(1);
export const note = text(LIMITS.text_characters_max);
/** A text that says something: a question, an answer. */
export const message = note.min(1);
export const fence = z.int().positive();
/** The secret of a lease, as the claim answered it. */
export const token = z
  .string()
  .regex(TOKEN, 'must be the token that the claim answered: digits, a hyphen and 32 hex digits');
/** 128 random bits. */
export const seed = z.string().regex(SEED, 'must be 32 hex digits');
/** The public half of an Ed25519 key, and a signature by it. */
export const publicKey = z.string().regex(PUBLIC_KEY, 'must be 43 characters of base64url');
export const signature = z.string().regex(SIGNATURE, 'must be 86 characters of base64url');
/** The number that the operating system gave it; 0: not known yet. */
export const processGroup = z.int().min(0).max(2_147_483_647);
export const ttlMs = z.int().min(LIMITS.ttl_ms_min).max(LIMITS.ttl_ms_max);
export const staleAfterMs = z.int().min(LIMITS.stale_after_ms_min).max(LIMITS.stale_after_ms_max);
export const batchLimit = z.int().min(1).max(LIMITS.batch_max);
export const kinds = z.array(name).min(1).max(LIMITS.filter_max);
export const roles = z.array(name).max(LIMITS.filter_max);

/**
 * JSON of at most so many bytes.
 *
 * @param further finds what else is wrong with a value that is such JSON
 */
export function json(bytesMax: number, further: (value: Json) => readonly JsonProblem[] = () => []) {
  return z.custom<Json>().check(({ value, issues }) => {
    const found = findJsonProblem(value, bytesMax);
    for (const { path, problem, code } of found === null ? further(value) : [found])
      issues.push({ code: 'custom', input: value, path: [...path], message: problem, params: { code } });
  });
}

/** What is wrong with a part of a JSON value that has a form. */
export function problemsIn(schema: z.ZodType, value: unknown, at: readonly string[]): readonly JsonProblem[] {
  const [issue] = schema.safeParse(value).error?.issues ?? [];
  if (issue === undefined) return [];
  const path = [...at, ...(issue.path as (string | number)[]), ...(unknownKey(issue) ?? [])];
  return [{ path, problem: problemOf(issue), code: codeOf(issue) }];
}

/** Checks that a call is an object, for callers that no compiler checks. */
export function asObject<T>(value: T, called: string): T {
  if (typeof value !== 'object' || value === null) throw invalidInput(called, 'must be an object');
  return value;
}

/**
 * Checks an input against its schema.
 *
 * @throws `INVALID_INPUT` or `LIMIT_EXCEEDED`, naming the first field at fault
 */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw toError(parsed.error.issues[0]);
}

function toError(issue: z.core.$ZodIssue | undefined): OrchestratorError {
  if (issue === undefined) return invalidInput('input', 'is not valid');
  const path = [...issue.path, ...(unknownKey(issue) ?? [])];
  return invalidInput(fieldName(path), problemOf(issue), codeOf(issue));
}

function unknownKey(issue: z.core.$ZodIssue): string[] | null {
  return issue.code === 'unrecognized_keys' ? [issue.keys[0] ?? ''] : null;
}

function codeOf(issue: z.core.$ZodIssue): 'INVALID_INPUT' | 'LIMIT_EXCEEDED' {
  const crossed = issue.code === 'too_big' || (issue.code === 'custom' && issue.params?.['code'] === 'LIMIT_EXCEEDED');
  return crossed ? 'LIMIT_EXCEEDED' : 'INVALID_INPUT';
}

function problemOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return 'is not a field of this command';
  if (issue.code === 'too_big') return `is larger than its limit of ${issue.maximum}`;
  if (issue.code === 'too_small') return `is smaller than its minimum of ${issue.minimum}`;
  if (issue.code === 'invalid_type')
    return `must be ${issue.expected === 'int' ? 'a whole number' : `of type ${issue.expected}`}`;
  return lowerFirst(issue.message);
}

function fieldName(path: readonly PropertyKey[]): string {
  const words = path.map((part, at) =>
    typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`,
  );
  return words.join('') || 'input';
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
