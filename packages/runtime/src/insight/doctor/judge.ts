import { checkClock } from './checks/clock.ts';
import { checkFenced, checkNearMisses } from './checks/holders.ts';
import { checkBlocked, checkStale, checkUnclaimed } from './checks/sessions.ts';
import { checkKeys } from './checks/keys.ts';
import { checkOffspring } from './checks/offspring.ts';
import { checkPlace } from './checks/place.ts';
import { checkReach } from './checks/store.ts';
import type { StoreFacts } from './facts.ts';
import type { Draft } from './finding.ts';

/** In the order of the report. */
const JUDGES: readonly ((facts: StoreFacts) => Draft[])[] = [
  checkReach,
  checkPlace,
  checkClock,
  checkStale,
  checkUnclaimed,
  checkBlocked,
  checkNearMisses,
  checkFenced,
  checkOffspring,
  checkKeys,
];

/** The findings that follow from the facts. A pure function. */
export function judge(facts: StoreFacts): readonly Draft[] {
  // While the store is closed, no agent can work, so none is late.
  const judged = facts.state === null ? facts : { ...facts, work: null };
  return JUDGES.flatMap((check) => check(judged));
}
