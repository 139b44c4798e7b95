import type { Case } from '../chapter.ts';
import { appendOnly } from './append-only.ts';
import { claimAndRelease } from './claim-and-release.ts';
import { concurrentClaim } from './concurrent-claim.ts';
import { duplicates } from './duplicates.ts';
import { takeover } from './takeover.ts';

/** Every promise of the suite, in order: the four scenarios first. */
export const CASES: readonly Case[] = assertUnique([
  ...claimAndRelease,
  ...concurrentClaim,
  ...takeover,
  ...duplicates,
  ...appendOnly,
]);

/** Skips name cases by their titles, so no two may have the same. */
function assertUnique(cases: readonly Case[]): readonly Case[] {
  const titles = new Set<string>();
  for (const { title } of cases) {
    if (titles.has(title)) throw new Error(`two cases have the title: ${title}`);
    titles.add(title);
  }
  return cases;
}
