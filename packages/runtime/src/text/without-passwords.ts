import { ADDRESS_START, joinedLines, LINE_BREAK } from './joined-lines.ts';
import { plainSigns, WIDE_AT, type PlainSigns } from './plain-signs.ts';

/*
 * A password is looked for in the text as it reads once nothing in it is coded: what is coded is no sign to a URL, so a
 * password behind it would be shown as a part of the user or the host. A text with several lines is read once more with
 * its lines joined: one that was broken may have been broken within an address. Each pattern reads a sign a few times
 * at most, because the texts are long and others write them.
 */

/** Behind an equals sign, or as a key of JSON, which may stand in a text of JSON. */
const NAME = /(?:password|passwd|pwd)(?:[ \t]*=|\uFF0F*["'][ \t]*:)[ \t]*(?=\S)/giu;
/**
 * A value with a space or a line break is in quotes, up to one with no backslash before it; without one, it may be all
 * the rest. What follows it without a space goes, too: a password may contain anything.
 */
const VALUE = /(?:\uFF0F*(?:'[^']*(?:(?<=\uFF0F)'[^']*)*(?:'|$)|"[^"]*(?:(?<=\uFF0F)"[^"]*)*(?:"|$)))?\S*/uy;
/** A password with a space or a line break is mistyped: it is looked for up to the end, or to another address. */
const PART_END = new RegExp(String.raw`\s(?=${ADDRESS_START})`, 'giu');
const WORD = /\S+/gu;
/** Slashes, or the scheme of servers, also mistyped; then the user. A single letter is the drive of a path. */
const OPENING = /\bpostgr\w*:[/\uFF0F]*|(?<!\b[a-z]):[/\uFF0F]+|[/\uFF0F]{2,}/giu;
const SSH = /\bssh$/iu;
/** A user may contain an `@`, and a slash that is coded. In brackets is a host. */
const USER = /(?:\[[\da-f:.]*\]|[^\s:/])*/iuy;
const PORT = /:\d{1,5}(?=[/\uFF0F?#&]|[.,;:)\]}>'"\u0060]*(?:\s|$))/uy;
/** Behind an address at the end of a sentence. */
const CLOSING = '.,;)\'"\u0060';
/** Not that of a scheme with slashes, or of a drive. */
const COLON = /(?<!\b[a-z](?=:[/\uFF0F])):(?![/\uFF0F]{2})/iu;
const SLASHES = /[/\uFF0F]{2}|(?<!\b[a-z]):[/\uFF0F]/iu;

/** From here up to there, in a text. */
type Range = readonly [from: number, to: number];

/**
 * A text without the passwords of the addresses in it: `…` is in their place. What a person typed comes back in many
 * errors, also mistyped. A word is taken for an address by its slashes: two, or one behind a colon, before the `@`, or
 * one behind the `@`; and by the scheme of servers. Most ids, which may have colons and an `@`, have neither, and stay
 * as they are.
 *
 * @param isUsage the text is about the command line itself: it has no ids that a person must be able to read
 */
export function withoutPasswords(text: string, { isUsage = false } = {}): string {
  const inLines = hiddenAsRead(text, plainSigns, isUsage);
  return LINE_BREAK.test(inLines) ? hiddenAsRead(inLines, (shown) => joinedLines(plainSigns(shown)), isUsage) : inLines;
}

function hiddenAsRead(text: string, read: Reading, isUsage: boolean): string {
  return hidden(hidden(text, read, namedIn), read, (plain) => addressedIn(plain, isUsage));
}

type Reading = (text: string) => PlainSigns;

function hidden(text: string, read: Reading, find: (plain: string) => Iterable<Range>): string {
  const { plain, starts } = read(text);
  let [shown, done] = ['', 0];
  for (const [from, to] of find(plain)) {
    if (from >= to) continue;
    shown += `${text.slice(done, starts[from])}…`;
    done = starts[to] ?? text.length;
  }
  return shown + text.slice(done);
}

function* namedIn(plain: string): Iterable<Range> {
  let done = 0;
  for (const { 0: name, index } of plain.matchAll(NAME)) {
    if (index < done) continue;
    VALUE.lastIndex = index + name.length;
    VALUE.exec(plain);
    done = VALUE.lastIndex;
    yield [index + name.length, done];
  }
}

function* addressedIn(plain: string, isUsage: boolean): Iterable<Range> {
  let start = 0;
  for (const part of plain.split(PART_END)) {
    for (const [from, to] of passwordsIn(part, isUsage)) yield [start + from, start + to];
    start += part.length + 1;
  }
}

function* passwordsIn(part: string, isUsage: boolean): Iterable<Range> {
  const ats = atsOf(part);
  let done = 0;
  for (const { 0: word, index } of part.matchAll(WORD)) {
    const openings = [...word.matchAll(OPENING)];
    const wordEnd = index + word.length;
    const atInWord = index + word.lastIndexOf('@');
    const before = done;
    for (const opening of openings) {
      const user = index + opening.index + opening[0].length;
      const isSsh = SSH.test(word.slice(0, opening.index));
      const range = user < done ? null : behindUser(part, { user, isSsh, wordEnd, atInWord, ats });
      if (range === null) continue;
      yield range;
      [, done] = range;
    }
    const range = done === before && done <= index ? inWord(word, { isUsage, isOpen: openings.length > 0 }) : null;
    if (range !== null) yield [index + range[0], index + range[1]];
  }
}

interface Place {
  /** Where the user begins. */
  readonly user: number;
  /** Behind `git@host`, its colon begins a path. Elsewhere, it is that of a password behind a user with an `@`. */
  readonly isSsh: boolean;
  readonly wordEnd: number;
  /** The last plain `@` in the word; one that is not there is before the user. */
  readonly atInWord: number;
  /** Those of the whole part. */
  readonly ats: Ats;
}

/** Up to the last `@` behind it; without a host, up to the end of the word: the shell made two of it at a space. */
function behindUser(part: string, { user, isSsh, wordEnd, atInWord, ats }: Place): Range | null {
  USER.lastIndex = user;
  const [name = ''] = USER.exec(part) ?? [];
  const colon = user + name.length;
  PORT.lastIndex = colon;
  if (part[colon] !== ':' || (PORT.test(part) && atInWord < colon)) return null;
  const at = atBehind(colon, ats);
  if (at !== null) return [colon + 1, at];
  if (isSsh && name.includes('@')) return null;
  let end = wordEnd;
  while (end > colon + 1 && CLOSING.includes(part.charAt(end - 1))) end -= 1;
  return [colon + 1, end];
}

/** Of an address of another kind. With an opening, what is behind a coded `@` is a part of a path. */
function inWord(word: string, { isUsage, isOpen }: { isUsage: boolean; isOpen: boolean }): Range | null {
  const colon = word.search(COLON);
  const ats = atsOf(word);
  const at = colon === -1 || (isOpen && ats.plain < colon) ? null : atBehind(colon, ats);
  if (at === null) return null;
  const isAddress = isUsage || /[/\uFF0F]/u.test(word.slice(at)) || SLASHES.test(word.slice(0, at));
  return isAddress ? [colon + 1, at] : null;
}

/** The last ones in a text. */
interface Ats {
  readonly plain: number;
  readonly coded: number;
  /** The coded one in the host behind the last plain one, which is then a part of the password; else the plain one. */
  readonly beforeHost: number;
}

function atsOf(text: string): Ats {
  const [plain, coded] = [text.lastIndexOf('@'), text.lastIndexOf(WIDE_AT)];
  const path = text.slice(plain + 1).search(/[/?#]/u);
  const inHost = path === -1 ? coded : text.lastIndexOf(WIDE_AT, plain + 1 + path);
  return { plain, coded, beforeHost: Math.max(plain, inHost) };
}

function atBehind(colon: number, { plain, coded, beforeHost }: Ats): number | null {
  if (plain > colon) return beforeHost;
  return coded > colon ? coded : null;
}
