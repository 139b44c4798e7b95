/**
 * Moving house. Two marks make it safe, whenever it is cut off: the old store is shut before the first row is read, the
 * new one is closed until the last row was compared. They are changed in this order, each only in place of the one
 * before:
 *
 *     old store:  (open)   moving   moving    moving … moved    moved
 *     new store:  (empty)  (empty)  copying … copying  copying  (open)
 *
 * So at most one of the two is ever open, and the old one has everything until it says `moved`. The same call made
 * again goes on from any of these states. Giving up goes back from any but the last.
 */
import {
  assertComplete,
  assertOpenForWork,
  clockState,
  OrchestratorError,
  fencesBeyond,
  type RowStore,
  type StoreState,
  type Verification,
} from '@agent-orchestrator/core';
import { newCommandId } from '../system/command-id.ts';
import { assertFree, compareRows, copyRows, verifyCopy, type Compared, type OnProgress } from './copy-rows.ts';
import { openRows } from './open-rows.ts';
import { locateStore } from './locate-store.ts';

export interface MoveStoreOptions {
  /** URL of the store that moves. */
  readonly from: string;
  /** URL of a new file, or of an empty database. */
  readonly to: string;
  readonly onProgress?: OnProgress;
}

/** A move that is done. URLs are for people: without passwords. */
export interface MoveReport {
  readonly from: string;
  readonly to: string;
  /** `moved`: by this call, or by this call in the end · `moved_before`: there was nothing left to do. */
  readonly outcome: 'moved' | 'moved_before';
  /** null: nothing was compared by this call. */
  readonly compared: Compared | null;
}

/** What became of a move that was to be given up. */
export interface AbandonReport {
  readonly from: string;
  /** Where it was to go; null: it was not being moved, and is open for work. */
  readonly to: string | null;
}

/**
 * Moves a store to another place, of the same kind or another: sessions, tasks, contexts, receipts and the log with
 * ids, order and chains as they are. Writers of the old store are refused with the new address from the start, its
 * readers are not. Leases move along: their holders go on at the new address, with the tokens they have, and each gets
 * one TTL there before anybody may take its session over.
 *
 * @throws `STORE_NOT_EMPTY`, `STORE_MOVED` (to another place), `STORE_BUSY` (another process moves it, too),
 * `STORE_CORRUPT` (the copy differs, or its log does not bear out its state), and the other `STORE_` codes
 */
export async function moveStore({ from, to, onProgress = () => {} }: MoveStoreOptions): Promise<MoveReport> {
  const urls = { from: await shownUrl(from), to: await shownUrl(to) };
  await using source = await openRows(from, 'existing');
  const before = await source.storeState();
  assertCanLeave(before);
  await using target = await openTarget(to, before);

  const { leaving, arriving } =
    before === null ? await begin(source, target, urls) : await goOn(source, target, before, urls);
  if (arriving === null) return { ...urls, outcome: 'moved_before', compared: null };
  if (leaving.status === 'moving') await copyRows(source, target, arriving, onProgress);
  const compared = await compareRows(source, target, onProgress);
  assertBorneOut(await verifyCopy(to, arriving.id, onProgress));

  const now = await target.now();
  // Nobody could send a heartbeat meanwhile, and another clock counts now: as after a sleep, every holder gets a TTL
  // first.
  const jump = compared.held === 0 ? null : { seenAt: now, byMs: now - leaving.at, after: null };
  const { fencesAfter = 0 } = await source.clock();
  const clock = clockState(null, jump, fencesBeyond(Math.max(compared.greatestFence, fencesAfter), now));
  await target.continueFrom(arriving, { clock, lastEventId: await source.lastEventId() });
  if (leaving.status === 'moving') await source.changeStoreState(leaving, { ...leaving, status: 'moved' });
  await target.changeStoreState(arriving, null);
  return { ...urls, outcome: 'moved', compared };
}

/**
 * Gives up a move that is not done: the old store is open for work again, and the new place will never be a store.
 *
 * @param to needed where the old store says that it has moved: only the new one can tell that it was never opened
 * @throws `STORE_MOVED` if the new store has been opened, `INVALID_INPUT` if `to` names the old one
 */
export async function abandonMove({ from, to }: { from: string; to?: string }): Promise<AbandonReport> {
  await using source = await openRows(from, 'existing');
  const leaving = await source.storeState();
  const report = { from: await shownUrl(from), to: leaving?.address ?? null };
  if (leaving === null) return report;
  if (leaving.status !== 'moving' && leaving.status !== 'moved') assertOpenForWork(leaving);
  if (to === undefined && leaving.status === 'moved')
    throw moved(leaving, 'Name the new store with --to: if it was never opened, the move can be given up.');
  await using target = to === undefined ? null : await openRows(to, 'existing');
  const copy = target === null ? null : await copyOf(target, leaving);
  // As long as it says `moving`, no new store was opened, and none will be.
  if (leaving.status === 'moving') await source.changeStoreState(leaving, null);
  if (copy?.status === 'filling') await target?.changeStoreState(copy, { ...copy, status: 'abandoned' });
  if (leaving.status === 'moved') await source.changeStoreState(leaving, null);
  return report;
}

/** Without a password. */
async function shownUrl(url: string): Promise<string> {
  const { location } = await locateStore(url);
  return location.url;
}

type Urls = Pick<MoveReport, 'from' | 'to'>;

/** The marks of both stores, as they stand now; `arriving` is null if the new one is open already. */
interface Marks {
  readonly leaving: StoreState;
  readonly arriving: StoreState | null;
}

/** What has moved already stands somewhere: a second place is not made for it. */
async function openTarget(to: string, before: StoreState | null): Promise<RowStore> {
  if (before?.status !== 'moved') return openRows(to, 'create');
  try {
    return await openRows(to, 'existing');
  } catch (error) {
    if (!(error instanceof OrchestratorError) || error.code !== 'STORE_NOT_FOUND') throw error;
    throw moved(before, 'There it is in use. Nothing was made at the place that you named.');
  }
}

function assertCanLeave(state: StoreState | null): void {
  assertComplete(state);
  if (state?.status === 'backup') assertOpenForWork(state);
}

/** What is to be refused is refused before the old store is shut. */
async function begin(source: RowStore, target: RowStore, { from, to }: Urls): Promise<Marks> {
  await assertFree(target);
  const leaving: StoreState = { status: 'moving', id: newCommandId(), address: to, at: await source.now() };
  await source.changeStoreState(null, leaving);
  try {
    return { leaving, arriving: await reserve(target, leaving, from) };
  } catch (error) {
    // A connection may be lost after it took effect; and both may turn out to be one store by two names.
    const found = await target.storeState();
    if (found?.id !== leaving.id || found.status === 'moving') await source.changeStoreState(leaving, null);
    throw error;
  }
}

/** A store that moves goes to one place, under one name: a second copy of it must never be opened. */
async function goOn(source: RowStore, target: RowStore, leaving: StoreState, { from, to }: Urls): Promise<Marks> {
  const found = await target.storeState();
  if (found?.status === 'filling' && found.id === leaving.id) return { leaving, arriving: found };
  if (found === null && leaving.status === 'moving' && leaving.address === to)
    return { leaving, arriving: await reserve(target, leaving, from) };
  if (found === null && leaving.status === 'moved' && (await holdsTheEndOf(source, target)))
    return { leaving, arriving: null };
  throw moved(leaving, 'Run the same move again to finish it, or give it up with `orchestrator store move --abandon`.');
}

async function reserve(target: RowStore, leaving: StoreState, from: string): Promise<StoreState> {
  const arriving: StoreState = { ...leaving, status: 'filling', address: from };
  await target.changeStoreState(null, arriving);
  return arriving;
}

/** Whether the last event of one store stands in the other, where much may have happened since. */
async function holdsTheEndOf(source: RowStore, target: RowStore): Promise<boolean> {
  const [id] = (await source.lastKey('event_log')) ?? [];
  if (id === undefined) return true;
  const before = [Number(id) - 1];
  const [[last], [found]] = await Promise.all([
    source.rows('event_log', before, 1),
    target.rows('event_log', before, 1),
  ]);
  return found?.['id'] === id && found['hash'] === last?.['hash'];
}

function assertBorneOut({ ok, findings }: Verification): void {
  if (ok) return;
  throw new OrchestratorError(
    'STORE_CORRUPT',
    `The rows were copied as they stand, but the log does not bear them out: ${findings[0]?.message ?? ''}`,
    {
      hint: '`orchestrator verify` of the old store shows all findings. Give the copy up: `orchestrator store move --abandon`.',
    },
  );
}

/** The mark of the copy that can be given up; null: the place was never so much as marked. */
async function copyOf(target: RowStore, leaving: StoreState): Promise<StoreState | null> {
  const found = await target.storeState();
  if (found?.id !== leaving.id) {
    if (leaving.status === 'moving') return null;
    throw moved(leaving, 'There the store is open for work: what happened since is only there.');
  }
  if (found.status === 'filling' || found.status === 'abandoned') return found;
  // By whatever name: a link, another name of the host, or a file that was copied.
  throw new OrchestratorError('INVALID_INPUT', 'to names the store that moves, not the one that it moves to.', {
    field: 'to',
    hint: `Name the new store: it was to be at ${leaving.address}.`,
  });
}

function moved({ status, address }: StoreState, hint: string): OrchestratorError {
  const what = status === 'moving' ? 'is being moved' : 'was moved';
  return new OrchestratorError('STORE_MOVED', `The store ${what} to ${address}.`, { hint });
}
