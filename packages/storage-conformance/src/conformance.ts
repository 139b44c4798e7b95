/* oxlint-disable vitest/valid-title, vitest/expect-expect -- Titles and assertions come from the cases. */
import { describe, test } from 'vitest';
import type { Case } from './chapter.ts';
import { coverageOf, reasonToSkip } from './coverage.ts';
import { runCase } from './run-case.ts';
import type { Opened, Target } from './target.ts';

/**
 * Registers every promise of the storage port as a vitest test against a storage. Call it at the top of a test file:
 *
 * ```ts
 * conformance({ name: 'my storage', open: async () => ({ storage, peer, clock, close }) });
 * ```
 *
 * @param only the one chapter to register, by its title; all if left out
 */
export function conformance<Open extends Opened>(given: Target<Open>, only?: string): void {
  const target = anyTarget(given);
  const cases = casesFor(target);
  assertSkipsExist(target, cases);
  const chapters = Map.groupBy(cases, ({ chapter }) => chapter);
  if (only !== undefined && !chapters.has(only)) throw new Error(`there is no chapter ${only}`);

  describe(target.name, () => {
    for (const [chapter, chapterCases] of chapters) {
      if (only !== undefined && chapter !== only) continue;
      describe(chapter, () => {
        for (const one of chapterCases) bind(target, one);
      });
    }
  });
}

/** The cases that apply to a target, in order: those that need something of it only where it offers that. */
export function casesFor<Open extends Opened>(target: Target<Open>): readonly Case[] {
  const { skip: _skip, ...offer } = target;
  return coverageOf(offer).flatMap(({ of, skipped }) => (skipped === null ? of : []));
}

function bind(target: Target, one: Case): void {
  const reason = reasonToSkip(target, one);
  test(one.title, { timeout: one.timeoutMs }, async ({ skip }) => {
    if (reason !== null) skip(reason);
    await runCase(target, one);
  });
}

function assertSkipsExist(target: Target, cases: readonly Case[]): void {
  const titles = new Set(cases.map(({ title }) => title));
  const unknown = Object.keys(target.skip ?? {}).filter((title) => !titles.has(title));
  if (unknown.length > 0) throw new Error(`${target.name} skips cases that do not exist: ${unknown.join('; ')}`);
}

/** A target is only ever given what it opened itself, so the suite need not know what else that holds. */
function anyTarget<Open extends Opened>(target: Target<Open>): Target {
  return target as unknown as Target;
}
