import { hash } from 'node:crypto';
import { fields, LIMITS } from '@agent-orchestrator/core';
import { storableText, textOf, type OldValue } from './old-value.ts';

/*
 * New ids and names for old ones. Ids and names that core's fields allow do not change, except that they are stored in
 * Unicode form NFC. In any other, refused characters become `_`, and a digest at the end distinguishes it from those
 * that look the same.
 */

/** Control characters, lone surrogates, line separators, and invisible characters. */
const REFUSED_IN_IDS = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|\p{Default_Ignorable_Code_Point}/gu;
const REFUSED_IN_NAMES = /[^\p{L}\p{M}\p{Nd}_.@+-]|\p{Default_Ignorable_Code_Point}/gu;
const REFUSED_AS_FIRST = /^[^\p{L}\p{M}\p{Nd}_]/u;

/** The lengths of a digest: a longer one is used if another id has the shorter one. */
const DIGEST_CHARACTERS = [12, 24, 36, 48, 60] as const;

/** The name of an agent, a kind, a namespace. */
export function nameFrom(raw: string): string {
  const parsed = fields.name.safeParse(raw);
  if (parsed.success) return parsed.data;
  const allowed = raw.normalize('NFC').replaceAll(REFUSED_IN_NAMES, '_').replace(REFUSED_AS_FIRST, '_');
  return withDigest(allowed, raw, DIGEST_CHARACTERS[0]);
}

/** The dedupe key for an old one. Two that differ only in their Unicode form are the same key. */
export function dedupeKeyFrom(value: OldValue | undefined, key: string): string {
  return accepted(fields.id, value) ?? withDigest(allowedInId(value), key, DIGEST_CHARACTERS[0]);
}

/** The old id in form NFC, if it is allowed as an id; otherwise null. */
export function acceptedId(value: OldValue | undefined): string | null {
  return accepted(fields.newId, value);
}

/**
 * Replacements for an old id that is refused, or whose NFC form another id has; the first free one is used.
 *
 * @param key the text that the digest is made from: two different ids may look the same
 */
export function idsInstead(value: OldValue | undefined, key: string): readonly string[] {
  return DIGEST_CHARACTERS.map((characters) => withDigest(allowedInId(value), key, characters));
}

/** Bytes that are not text are read as U+FFFD, so two different ids with it may look the same. */
function accepted(field: typeof fields.id, value: OldValue | undefined): string | null {
  const parsed = field.safeParse(value);
  return parsed.success && !parsed.data.includes('\ufffd') ? parsed.data : null;
}

function allowedInId(value: OldValue | undefined): string {
  return storableText(textOf(value) ?? '')
    .normalize('NFC')
    .replaceAll(REFUSED_IN_IDS, '_')
    .trim();
}

function withDigest(text: string, key: string, characters: number): string {
  const digest = hash('sha256', key, 'hex').slice(0, characters);
  const room = characters + 1;
  return `${cut(text === '' ? '_' : text, LIMITS.id_characters_max - room, LIMITS.id_bytes_max - room)}-${digest}`;
}

/** As many whole characters as fit. */
function cut(text: string, charactersMax: number, bytesMax: number): string {
  let bytes = 0;
  let fitting = '';
  let characters = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    characters += 1;
    if (characters > charactersMax || bytes > bytesMax) break;
    fitting += character;
  }
  return fitting;
}
