import { z } from 'zod';
import { internalError, OrchestratorError } from '../model/errors.ts';

/**
 * The state of a store that is not open for work.
 *
 * - `filling`: a move or a restore is copying rows into it
 * - `closing_leases`: all rows are copied; a restore is ending their leases
 * - `abandoned`: the move was abandoned, so the store stays incomplete
 * - `moving`: its rows are being copied to another store
 * - `moved`: its rows are in another store now
 * - `backup`: it is a copy to restore from
 */
export interface StoreState {
  readonly status: 'filling' | 'closing_leases' | 'abandoned' | 'moving' | 'moved' | 'backup';
  /** The id of the move, restore or backup; both stores of a move have the same. */
  readonly id: string;
  /**
   * The other store's URL without its password: the new address of a store that moves, otherwise the source of the
   * rows.
   */
  readonly address: string;
  /** When it began: milliseconds since 1970, UTC, by the clock of the source. */
  readonly at: number;
}

const storedState = z.lazy(() =>
  z.object({
    status: z.enum(['filling', 'closing_leases', 'abandoned', 'moving', 'moved', 'backup']),
    id: z.string(),
    address: z.string(),
    at: z.number(),
  }),
);

/** For storages: the text of a state, as it is stored; equal states have equal texts. */
export function encodeStoreState({ status, id, address, at }: StoreState): string {
  return JSON.stringify({ status, id, address, at });
}

/**
 * For storages: decodes a stored state; null: the store is open.
 *
 * @throws `STORE_CORRUPT` if the text is damaged
 */
export function decodeStoreState(text: string | null): StoreState | null {
  if (text === null) return null;
  const parsed = storedState.safeParse(decoded(text));
  if (parsed.success) return parsed.data;
  throw new OrchestratorError('STORE_CORRUPT', 'The stored store state is damaged.');
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

/** The statuses that may follow each status. */
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
 * For storages: asserts that one state may follow another. Only a store that is being filled can be abandoned: a store
 * that is `moving` or `moved` has all the data.
 *
 * @throws `INTERNAL`
 */
export function assertMayFollow(found: StoreState | null, next: StoreState | null): void {
  const from: StoreStatus = found?.status ?? 'open';
  const to: StoreStatus = next?.status ?? 'open';
  if (!FOLLOWERS[from].includes(to)) throw internalError(`A store that is ${from} cannot become ${to}.`);
}

/** The error if two processes copy into one store, or one abandoned it while the other continued. */
export function anotherProcessCopies(): OrchestratorError {
  return new OrchestratorError(
    'STORE_BUSY',
    'Another process is moving or restoring this store, or has abandoned the move.',
    {
      hint:
        'Read the output of that process. If it was cut off, run this command again: it continues where the copy ' +
        'stopped. If the move was abandoned, name another destination.',
    },
  );
}

function textOf(state: StoreState | null): string {
  return state === null ? '' : encodeStoreState(state);
}

/** Whether rows written in this state would be lost. The database itself then refuses them. */
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
      throw new OrchestratorError(
        'STORE_READ_ONLY',
        `This is a backup of ${state.address}. It cannot be used for work.`,
        {
          hint: 'Restore it into a new store with `orchestrator store restore`.',
        },
      );
    default:
      assertComplete(state, filling);
  }
}

/**
 * For storages: asserts that the store may be read: it has all of its rows.
 *
 * @throws `STORE_INCOMPLETE`
 */
export function assertComplete(state: StoreState | null, filling?: string): void {
  if (state === null || isShut(state)) return;
  if (state.status === 'abandoned')
    throw new OrchestratorError('STORE_INCOMPLETE', `The move from ${state.address} to this store was abandoned.`, {
      hint: 'Set --store to another store; this one is an incomplete copy.',
    });
  if (state.id !== filling)
    throw new OrchestratorError('STORE_INCOMPLETE', `The store is still being filled from ${state.address}.`);
}
