import { checkClock } from './checks/clock.ts';
import { checkFenced, checkNearMisses } from './checks/holders.ts';
import { checkLogSize } from './checks/log-size.ts';
import { checkPermissions } from './checks/permissions.ts';
import { checkBlocked, checkStale, checkUnclaimed } from './checks/sessions.ts';
import { checkDurability, checkReach, checkVersion } from './checks/store.ts';
import type { StoreFacts } from './facts.ts';
import type { Check, Draft } from './finding.ts';

/** One for each check, in the order of the report. */
const JUDGES: Readonly<Record<Check, (facts: StoreFacts) => Draft[]>> = {
  store: checkReach,
  version: checkVersion,
  permissions: checkPermissions,
  durability: checkDurability,
  log_size: checkLogSize,
  clock: checkClock,
  stale_sessions: checkStale,
  unclaimed_heads: checkUnclaimed,
  blocked_queues: checkBlocked,
  near_misses: checkNearMisses,
  fenced_agents: checkFenced,
};

/** What the facts amount to. Pure: all that it says of the store follows from them. */
export function judge(facts: StoreFacts): readonly Draft[] {
  const { place } = facts;
  const isShut = place !== null && place.kind !== 'memory' && place.state !== null;
  // Where nobody can work, nobody is late, and there is no way on for what was being done.
  const judged = isShut ? { ...facts, work: null } : facts;
  return Object.values(JUDGES).flatMap((check) => check(judged));
}
