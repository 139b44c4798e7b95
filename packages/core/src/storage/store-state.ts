import { z } from 'zod';
import { internalError, OrchestratorError } from '../model/errors.ts';

/**
 * What a store is to those who want to work on it, unless it is `open`.
 *
 * - `filling`: a move or a restore is copying rows into it
 * - `closing_leases`: all rows are there; a restore closes the leases among them
 * - `abandoned`: the move was given up, so it will never be filled
 * - `moving`: its rows are being copied to another store
 * - `moved`: its rows are in another store now
 * - `backup`: it is a copy to restore from
 */
export interface StoreState {
  readonly status: 'filling' | 'closing_leases' | 'abandoned' | 'moving' | 'moved' | 'backup';
  /** Of the move, restore or backup: both stores of a move have the same. */
  readonly id: string;
  /** The other store's URL without its password: the new address of a store that moves, else where the rows come from. */
  readonly address: string;
  /** When that began: milliseconds since 1970, UTC, by the clock of the store that the rows come from. */
  readonly at: number;
}

const storedState = z.object({
  status: z.enum(['filling', 'closing_leases', 'abandoned', 'moving', 'moved', 'backup']),
  id: z.string(),
  address: z.string(),
  at: z.number(),
});

/** For storages: the text that is stored of a state; equal states have equal texts. */
export function encodeStoreState({ status, id, address, at }: StoreState): string {
  return JSON.stringify({ status, id, address, at });
}

/**
 * For storages: the state that was stored; null: the store is open.
 *
 * @throws `STORE_CORRUPT` if the text is not what was stored
 */
export function decodeStoreState(text: string | null): StoreState | null {
  if (text === null) return null;
  const parsed = storedState.safeParse(decoded(text));
  if (parsed.success) return parsed.data;
  throw new OrchestratorError('STORE_CORRUPT', 'The record of the store state is damaged.');
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * For storages: asserts that no other process changed the state since it was read.
 *
 * @throws `STORE_BUSY`
 */
export function assertSameState(found: StoreState | null, expected: StoreState | null): void {
  if (textOf(found) !== textOf(expected)) throw anotherProcessCopies();
}

type StoreStatus = StoreState['status'] | 'open';

/** Which status may come after which. */
const FOLLOWERS: Readonly<Record<StoreStatus, readonly StoreStatus[]>> = {
  open: ['moving', 'filling'],
  moving: ['moved', 'open'],
  moved: ['open'],
  filling: ['closing_leases', 'abandoned', 'open'],
  closing_leases: ['open'],
  abandoned: [],
  backup: [],
};

/**
 * For storages: asserts that one state may follow another. Only a store that is being filled can be abandoned: a store that
 * is `moving` or `moved` has all the data.
 *
 * @throws `INTERNAL`
 */
export function assertMayFollow(found: StoreState | null, next: StoreState | null): void {
  const from: StoreStatus = found?.status ?? 'open';
  const to: StoreStatus = next?.status ?? 'open';
  if (!FOLLOWERS[from].includes(to)) throw internalError(`A store that is ${from} cannot become ${to}.`);
}

/** Two processes copy into one store, or one abandoned it while the other went on. */
export function anotherProcessCopies(): OrchestratorError {
  return new OrchestratorError('STORE_BUSY', 'Another process moves, restores or has abandoned this store.', {
    hint: 'Read what that process printed, then run this again: it continues where the copy stopped.',
  });
}

function textOf(state: StoreState | null): string {
  return state === null ? '' : encodeStoreState(state);
}

/** Whether rows written in this state would be lost. The database itself refuses them then. */
export function isShut({ status }: StoreState): boolean {
  return status === 'moving' || status === 'moved' || status === 'backup';
}

/**
 * For storages: asserts that a unit of work may run.
 *
 * @param filling the id of a move or restore that may already use the store
 * @throws `STORE_MOVED`, `STORE_INCOMPLETE`, `STORE_READ_ONLY`
 */
export function assertOpenForWork(state: StoreState | null, filling?: string): void {
  if (state === null) return;
  switch (state.status) {
    case 'moving':
      throw new OrchestratorError('STORE_MOVED', `The store is being moved to ${state.address}.`);
    case 'moved':
      throw new OrchestratorError('STORE_MOVED', `The store was moved to ${state.address}.`);
    case 'backup':
      throw new OrchestratorError('STORE_READ_ONLY', `This is a backup of ${state.address}, not a store to work on.`, {
        hint: 'Restore it into a new store: `orchestrator store restore`.',
      });
    default:
      assertComplete(state, filling);
  }
}

/**
 * For storages: asserts that the store may be read, which takes all of its rows.
 *
 * @throws `STORE_INCOMPLETE`
 */
export function assertComplete(state: StoreState | null, filling?: string): void {
  if (state === null || isShut(state)) return;
  if (state.status === 'abandoned')
    throw new OrchestratorError('STORE_INCOMPLETE', `The move from ${state.address} to this store was abandoned.`, {
      hint: 'Point --store at another store; this one is an incomplete copy.',
    });
  if (state.id !== filling)
    throw new OrchestratorError('STORE_INCOMPLETE', `The store is still being filled from ${state.address}.`);
}
