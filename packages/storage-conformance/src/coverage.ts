import { attackCases } from './cases/append-only.ts';
import { CASES } from './cases/index.ts';
import type { Case, Need } from './chapter.ts';
import type { Opened, Target } from './target.ts';

/** The parts of a target that decide which cases of the suite apply to it. */
export type Offer<Open extends Opened = Opened> = Pick<Target<Open>, 'reopen' | 'child' | 'rows' | 'attacks' | 'skip'>;

/** A case, and why it does not apply to a storage; null: it applies. */
export interface Coverage {
  readonly of: Case;
  readonly skipped: string | null;
}

/** Why a case is left out where its need is not met. */
const UNMET: Readonly<Record<Need, string>> = {
  reopen: 'its data end with the process',
  child: 'no other process can open its data',
  rows: 'its data are never copied, moved or backed up',
};

/**
 * Every case of the suite, in order, then what the storage's own attacks add; each with the reason if it is left out.
 */
export function coverageOf<Open extends Opened>(offer: Offer<Open>): readonly Coverage[] {
  // A storage is only ever given what it opened itself, so the suite need not know what else that holds.
  const attacks = attackCases(offer as unknown as Offer);
  return [...CASES, ...attacks].map((one) => ({ of: one, skipped: reasonToSkip(offer, one) }));
}

/** @returns null: the case is asked */
export function reasonToSkip<Open extends Opened>(offer: Offer<Open>, { title, needs }: Case): string | null {
  if (needs !== null && offer[needs] === undefined) return UNMET[needs];
  return offer.skip?.[title] ?? null;
}
