import { checkClock } from './checks/clock.ts';
import { checkFenced, checkNearMisses } from './checks/holders.ts';
import { checkBlocked, checkStale, checkUnclaimed } from './checks/sessions.ts';
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
];

/** What the facts amount to. Pure: all that it says of the store follows from them. */
export function judge(facts: StoreFacts): readonly Draft[] {
  // Where no agent can work, none is late, and there is no next step for what was being done.
  const judged = facts.state === null ? facts : { ...facts, work: null };
  return JUDGES.flatMap((check) => check(judged));
}
