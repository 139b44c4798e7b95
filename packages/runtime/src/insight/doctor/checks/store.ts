import type { StoreState } from '@agent-orchestrator/core';
import type { StoreFacts } from '../facts.ts';
import { draft, type Draft } from '../finding.ts';

/** Whether the store can be reached, which it is, and whether its schema is the one that this version knows. */
export function checkReach(facts: StoreFacts): Draft[] {
  const { url, place, state, isPrivate, refusal } = facts;
  if (refusal !== null)
    return [draft('store', 'error', `${url}: ${refusal.message} (${refusal.code})`, { hint: refusal.hint })];
  if (place === null) return ofUnknownPlace(isPrivate ? `${url}, seen by this process alone` : url, facts);
  const { schema, schemaKnown } = place;
  const named = `${url}, schema ${schema}`;
  if (schema < schemaKnown)
    return [
      draft('store', 'error', `${named}; this version needs ${schemaKnown}.`, {
        hint: 'Run `orchestrator store init` to upgrade it in place.',
      }),
    ];
  if (schema > schemaKnown)
    return [
      draft('store', 'error', `${named}; this version knows ${schemaKnown}.`, {
        hint: 'Upgrade the orchestrator on this machine.',
      }),
    ];
  return [ofState(named, state)];
}

/** What nobody looked at is said, or a report without a warning would look like a clean one. */
function ofUnknownPlace(named: string, { state, isPrivate }: StoreFacts): Draft[] {
  const found = ofState(named, state);
  if (isPrivate) return [found];
  return [
    found,
    draft('store', 'notice', 'Version, permissions, durability and log size were not checked.', {
      hint: 'The storage of this URL does not report on the place where it keeps its stores.',
    }),
  ];
}

/** A store that can be read, and is not open for work. One that is not all there yet is refused when it is opened. */
function ofState(named: string, state: StoreState | null): Draft {
  if (state === null) return draft('store', 'ok', named);
  const { status, address } = state;
  switch (status) {
    case 'moved':
      return draft('store', 'error', `${named}: it was moved to ${address}, and nothing happens here any more.`, {
        hint: 'Point ORCHESTRATOR_STORE (or --store) of whoever still uses this one to the new address.',
      });
    case 'moving':
      return draft('store', 'warning', `${named}: it is being moved to ${address}, and nobody can work meanwhile.`, {
        hint: 'If that was cut off, the same `orchestrator store move` goes on; `--abandon` gives it up.',
      });
    default:
      return draft('store', 'ok', `${named}, a backup of ${address}`);
  }
}
