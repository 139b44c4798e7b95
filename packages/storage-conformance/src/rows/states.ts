import type { RowStore, StoreState } from '@agent-orchestrator/core';

/** What a store can be; `open` is no state. */
export type StoreStatus = StoreState['status'] | 'open';

/** The move, restore or backup that a state belongs to. */
export const MOVE = '019b796d-0000-7000-8000-000000000001';
export const OTHER_MOVE = '019b796d-0000-7000-8000-000000000002';

/** The address of the other store, as messages name it. */
export const ADDRESS = 'elsewhere:/store';

/** A state of this status. */
export function stateOf(status: StoreState['status'], id = MOVE): StoreState {
  return { status, id, address: ADDRESS, at: 1_767_268_800_250 };
}

/** A state, or null for `open`. */
export function stateOrOpen(status: StoreStatus): StoreState | null {
  return status === 'open' ? null : stateOf(status);
}

/** How a new store comes to a status, by which changes. A backup is made by copying: no store becomes one. */
export const PATHS: Readonly<Record<Exclude<StoreStatus, 'backup'>, readonly StoreState['status'][]>> = {
  open: [],
  moving: ['moving'],
  moved: ['moving', 'moved'],
  filling: ['filling'],
  closing_leases: ['filling', 'closing_leases'],
  abandoned: ['filling', 'abandoned'],
};

/** Brings a store that is open to a status. */
export async function bringTo(rows: RowStore, status: keyof typeof PATHS): Promise<void> {
  let before: StoreState | null = null;
  for (const one of PATHS[status]) {
    await rows.changeStoreState(before, stateOf(one));
    before = stateOf(one);
  }
}
