import type { World } from './world.ts';

/** One promise: given a new world, it runs to the end or throws. */
export type Promised = (world: World) => void | Promise<void>;

/** What a case needs of its target; where that is missing, the case is left out. */
export type Need = 'child' | 'reopen' | 'rows';

/** One test as data, so that it can be run by vitest, against a mutant, or listed in the documentation. */
export interface Case {
  readonly chapter: string;
  /** A claim about behaviour, unique in the suite. */
  readonly title: string;
  readonly run: Promised;
  readonly timeoutMs: number;
  readonly needs: Need | null;
}

export interface ChapterOptions {
  readonly timeoutMs?: number;
  readonly needs?: Need;
}

/** Generous, because a busy machine is not a bug. */
const TIMEOUT_MS = 20_000;

/** The promises of one subject, in order. */
export function chapter(
  title: string,
  promises: Readonly<Record<string, Promised>>,
  options: ChapterOptions = {},
): readonly Case[] {
  const { timeoutMs = TIMEOUT_MS, needs = null } = options;
  return Object.entries(promises).map(([promise, run]) => ({ chapter: title, title: promise, run, timeoutMs, needs }));
}
