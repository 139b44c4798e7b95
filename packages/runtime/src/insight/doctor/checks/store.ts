import type { StoreState } from '@agent-orchestrator/core';
import type { StoreFacts } from '../facts.ts';
import { draft, type Draft } from '../finding.ts';

/** Reports whether the store can be reached, and whether this version knows its schema. */
export function checkReach(facts: StoreFacts): Draft[] {
  const { url, place, state, isPrivate, refusal } = facts;
  if (refusal !== null)
    return [draft('store', 'error', `${url}: ${refusal.message} (${refusal.code})`, { hint: refusal.hint })];
  if (place === null) return ofUnknownPlace(isPrivate ? `${url}, visible to this process only` : url, facts);
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

/** A check that was not made is named: a report without warnings must not look complete when it is not. */
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

/** A store that can be read, but may not be open for work. An incomplete one is refused when it is opened. */
function ofState(named: string, state: StoreState | null): Draft {
  if (state === null) return draft('store', 'ok', named);
  const { status, address } = state;
  switch (status) {
    case 'moved':
      return draft('store', 'error', `${named}: it was moved to ${address} and is closed.`, {
        hint: 'Set ORCHESTRATOR_STORE (or --store) of all its users to the new address.',
      });
    case 'moving':
      return draft('store', 'warning', `${named}: it is being moved to ${address} and is closed meanwhile.`, {
        hint: 'If the move was interrupted, run the same `orchestrator store move` again, or add `--abandon`.',
      });
    default:
      return draft('store', 'ok', `${named}, a backup of ${address}`);
  }
}
