import { z } from 'zod';
import { internalError, OrchestratorError } from '../model/errors.ts';

/**
 * What stands on the door of a store that is not open for work. `moving`: its rows are being copied to another store ·
 * `moved`: they are there now · `copying`: a move or a restore fills it · `closing`: all rows are there, and a restore
 * closes the leases among them · `given_up`: it will never be filled · `backup`: it is a copy to restore from.
 */
export interface StoreMark {
  readonly state: 'moving' | 'moved' | 'copying' | 'closing' | 'given_up' | 'backup';
  /** Of the move, restore or backup: both stores of a move carry the same. */
  readonly id: string;
  /** The other store's URL without its password: the new address of one that moves, else where the rows come from. */
  readonly address: string;
  /** When that began: milliseconds since 1970, UTC, by the clock of the store that the rows come from. */
  readonly at: number;
}

const storedMark = z.object({
  state: z.enum(['moving', 'moved', 'copying', 'closing', 'given_up', 'backup']),
  id: z.string(),
  address: z.string(),
  at: z.number(),
});

/** For storages: the text that is stored of a mark; equal marks have equal texts. */
export function encodeStoreMark({ state, id, address, at }: StoreMark): string {
  return JSON.stringify({ state, id, address, at });
}

/**
 * For storages: the mark that was stored, if any.
 *
 * @throws `STORE_CORRUPT` if it is not what was stored
 */
export function decodeStoreMark(text: string | null): StoreMark | null {
  if (text === null) return null;
  const parsed = storedMark.safeParse(decoded(text));
  if (parsed.success) return parsed.data;
  throw new OrchestratorError('STORE_CORRUPT', 'What the store remembers of its move is damaged.');
}

function decoded(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * For storages: that nobody has replaced a mark since it was read.
 *
 * @throws `STORE_BUSY`
 */
export function assertSameMark(found: StoreMark | null, expected: StoreMark | null): void {
  if (textOf(found) !== textOf(expected)) throw somebodyElseCopies();
}

/** What a store is to those who would work on it. */
type Standing = StoreMark['state'] | 'open';

/** What may come after what. */
const FOLLOWERS: Readonly<Record<Standing, readonly Standing[]>> = {
  open: ['moving', 'copying'],
  moving: ['moved', 'open'],
  moved: ['open'],
  copying: ['closing', 'given_up', 'open'],
  closing: ['open'],
  given_up: [],
  backup: [],
};

/**
 * For storages: that one mark may take the place of another. Above all, nothing but a copy can be given up: a store that
 * says `moving` or `moved` has everything.
 *
 * @throws `INTERNAL`
 */
export function assertMayFollow(found: StoreMark | null, next: StoreMark | null): void {
  const from: Standing = found?.state ?? 'open';
  const to: Standing = next?.state ?? 'open';
  if (!FOLLOWERS[from].includes(to)) throw internalError(`A store that is ${from} cannot become ${to}.`);
}

/** Two processes copy into one store, or one was given up while the other went on. */
export function somebodyElseCopies(): OrchestratorError {
  return new OrchestratorError('STORE_BUSY', 'Another process is moving or restoring this store, or has given it up.', {
    hint: 'See what it says, then run this again: it goes on where the copy stands.',
  });
}

function textOf(mark: StoreMark | null): string {
  return mark === null ? '' : encodeStoreMark(mark);
}

/** Whether rows that are written behind such a mark would be lost: the database itself refuses them then. */
export function isShut({ state }: StoreMark): boolean {
  return state === 'moving' || state === 'moved' || state === 'backup';
}

/**
 * For storages: whether a unit of work may run. `filling` is the id of a move or restore that may use the store already.
 *
 * @throws `STORE_MOVED`, `STORE_INCOMPLETE`, `STORE_READ_ONLY`
 */
export function assertOpenForWork(mark: StoreMark | null, filling?: string): void {
  if (mark === null) return;
  switch (mark.state) {
    case 'moving':
      throw new OrchestratorError('STORE_MOVED', `The store is being moved to ${mark.address}.`);
    case 'moved':
      throw new OrchestratorError('STORE_MOVED', `The store was moved to ${mark.address}.`);
    case 'backup':
      throw new OrchestratorError('STORE_READ_ONLY', `This is a backup of ${mark.address}, not a store to work on.`, {
        hint: 'Restore it into a new store: `orchestrator store restore`.',
      });
    default:
      assertComplete(mark, filling);
  }
}

/**
 * For storages: whether what stands in the store may be read: all of it has to be there.
 *
 * @throws `STORE_INCOMPLETE`
 */
export function assertComplete(mark: StoreMark | null, filling?: string): void {
  if (mark === null || isShut(mark)) return;
  if (mark.state === 'given_up')
    throw new OrchestratorError('STORE_INCOMPLETE', `What was to come here from ${mark.address} was given up.`, {
      hint: 'Point --store at another place; what stands here is an incomplete copy.',
    });
  if (mark.id !== filling)
    throw new OrchestratorError('STORE_INCOMPLETE', `The store is still being filled from ${mark.address}.`);
}
