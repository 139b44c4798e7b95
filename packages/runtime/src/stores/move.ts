/**
 * The move of a store. The states of the two stores make it safe to interrupt at any point: the old store is closed
 * before the first row is read, and the new one stays closed until the last row was compared. The states change in this
 * order, each only if the state before is still there:
 *
 *     old store:  (open)   moving   moving    moving … moved    moved
 *     new store:  (empty)  (empty)  filling … filling  filling  (open)
 *
 * So at most one of the two stores is ever open, and the old one has everything until its state is `moved`. The same
 * call continues from any of these states. Abandoning the move goes back from any state but the last.
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
  /** `moved`: this call made or finished the move · `moved_before`: there was nothing left to do. */
  readonly outcome: 'moved' | 'moved_before';
  /** null: this call compared nothing. */
  readonly compared: Compared | null;
}

/** The result of an abandoned move. */
export interface AbandonReport {
  readonly from: string;
  /** The destination; null: there was no move, and the store is open for work. */
  readonly to: string | null;
}

/**
 * Moves a store to another place, of the same kind or another: sessions, tasks, contexts, receipts and the log, with
 * ids, order and hash chains unchanged.
 *
 * - From the start, writes to the old store are refused with the new address. Reads still work.
 * - Leases move, too. Holders keep their tokens at the new address, and each gets a full TTL there before its session
 *   can be taken over.
 *
 * @throws `STORE_NOT_EMPTY`, `STORE_MOVED` (to another place), `STORE_BUSY` (another process moves it, too),
 * `STORE_CORRUPT` (the copy differs, or its state does not match its log), and the other `STORE_` codes
 */
export async function moveStore({ from, to, onProgress = () => {} }: MoveStoreOptions): Promise<MoveReport> {
  const urls = { from: await shownUrl(from), to: await shownUrl(to) };
  await using source = await openRows(from, 'existing');
  const before = await source.storeState();
  assertCanLeave(before);
  const {
    target: opened,
    leaving,
    arriving,
  } = before === null ? await begin(source, to, urls) : await continueMove(source, to, before, urls);
  await using target = opened;
  if (arriving === null) return { ...urls, outcome: 'moved_before', compared: null };
  if (leaving.status === 'moving') await copyRows(source, target, arriving, onProgress);
  const compared = await compareRows(source, target, onProgress);
  assertVerified(await verifyCopy(to, arriving.id, onProgress));

  const now = await target.now();
  // No holder could send a heartbeat meanwhile, and another clock counts now. So every holder gets a new TTL, as after
  // a sleep of the machine. If the other clock is behind, a scheduled task would wait longer than was asked for.
  const jump = compared.held === 0 && now >= leaving.at ? null : { seenAt: now, byMs: now - leaving.at, after: null };
  const { fencesAfter = 0, receipts } = await source.clock();
  const fences = fencesBeyond(Math.max(compared.greatestFence, fencesAfter), now);
  const clock = clockState(null, jump, { ...fences, receipts });
  await target.continueFrom(arriving, { clock, lastEventId: await source.lastEventId() });
  if (leaving.status === 'moving') await source.changeStoreState(leaving, { ...leaving, status: 'moved' });
  await target.changeStoreState(arriving, null);
  return { ...urls, outcome: 'moved', compared };
}

/**
 * Abandons an unfinished move: the old store is open for work again, and the new place never becomes a store.
 *
 * @param to required if the state of the old store is `moved`: only the new store shows whether it was ever opened
 * @throws `STORE_MOVED` if the new store has been opened, `INVALID_INPUT` if `to` names the old one
 */
export async function abandonMove({ from, to }: { from: string; to?: string }): Promise<AbandonReport> {
  await using source = await openRows(from, 'existing');
  const leaving = await source.storeState();
  const report = { from: await shownUrl(from), to: leaving?.address ?? null };
  if (leaving === null) return report;
  if (leaving.status !== 'moving' && leaving.status !== 'moved') assertOpenForWork(leaving);
  if (to === undefined && leaving.status === 'moved')
    throw moved(leaving, 'Name the new store with --to. If it was never opened, the move can be abandoned.');
  await using target = to === undefined ? null : await openRows(to, 'existing');
  const copy = target === null ? null : await copyOf(target, leaving);
  // While the state is `moving`, the new store was not opened. After this change it cannot be.
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

/** The current states of both stores; `arriving` is null if the new one is open already. */
interface MoveStates {
  readonly leaving: StoreState;
  readonly arriving: StoreState | null;
  /** The new store, which the caller closes. */
  readonly target: RowStore;
}

/** If the store moves or has moved to another place, no second destination is created. */
async function openTarget(to: string, before: StoreState, shownTo: string): Promise<RowStore> {
  if (before.status === 'moving' && before.address === shownTo) return openRows(to, 'create');
  try {
    return await openRows(to, 'existing');
  } catch (error) {
    if (!(error instanceof OrchestratorError) || error.code !== 'STORE_NOT_FOUND') throw error;
    throw moved(before, `${nextOf(before)} Nothing was created at the place that you named.`);
  }
}

/** What helps if the destination is not the place that was named. */
function nextOf({ status, address }: StoreState): string {
  return status === 'moving'
    ? `Move it to ${address} to finish the move, or abandon it with \`orchestrator store move --abandon\`.`
    : 'It is in use there.';
}

function assertCanLeave(state: StoreState | null): void {
  assertComplete(state);
  if (state?.status === 'backup') assertOpenForWork(state);
}

/**
 * A destination that is there is looked at before the old store is closed. One that is not there is created after that:
 * a move that is refused leaves no empty store behind.
 */
async function begin(source: RowStore, url: string, { from, to }: Urls): Promise<MoveStates> {
  await assertFreeIfThere(url);
  const leaving: StoreState = { status: 'moving', id: newCommandId(), address: to, at: await source.now() };
  await source.changeStoreState(null, leaving);
  let target: RowStore | null = null;
  try {
    target = await openRows(url, 'create');
    return { leaving, arriving: await reserve(target, leaving, from), target };
  } catch (error) {
    await takeBack(source, target, leaving);
    await target?.[Symbol.asyncDispose]();
    throw error;
  }
}

async function assertFreeIfThere(url: string): Promise<void> {
  try {
    await using target = await openRows(url, 'existing');
    await assertFree(target);
  } catch (error) {
    if (!(error instanceof OrchestratorError) || error.code !== 'STORE_NOT_FOUND') throw error;
  }
}

async function takeBack(source: RowStore, target: RowStore | null, leaving: StoreState): Promise<void> {
  // The change may have been made although the connection was lost. Or both URLs may name the same store.
  const found = target === null ? null : await target.storeState();
  if (found?.id !== leaving.id || found.status === 'moving') await source.changeStoreState(leaving, null);
}

/** A store moves to one place, under one name: a second copy of it must never be opened. */
async function continueMove(
  source: RowStore,
  url: string,
  leaving: StoreState,
  { from, to }: Urls,
): Promise<MoveStates> {
  const target = await openTarget(url, leaving, to);
  try {
    return { leaving, target, arriving: await arrivingAt(target, source, leaving, { from, to }) };
  } catch (error) {
    await target[Symbol.asyncDispose]();
    throw error;
  }
}

async function arrivingAt(
  target: RowStore,
  source: RowStore,
  leaving: StoreState,
  { from, to }: Urls,
): Promise<StoreState | null> {
  const found = await target.storeState();
  if (found?.status === 'filling' && found.id === leaving.id) return found;
  if (found === null && leaving.status === 'moving' && leaving.address === to) return reserve(target, leaving, from);
  if (found === null && leaving.status === 'moved' && (await hasLastEventOf(source, target))) return null;
  throw moved(leaving, nextOf(leaving));
}

async function reserve(target: RowStore, leaving: StoreState, from: string): Promise<StoreState> {
  const arriving: StoreState = { ...leaving, status: 'filling', address: from };
  await target.changeStoreState(null, arriving);
  return arriving;
}

/** Whether the target has the last event of the source. It may have further events. */
async function hasLastEventOf(source: RowStore, target: RowStore): Promise<boolean> {
  const [id] = (await source.lastKey('event_log')) ?? [];
  if (id === undefined) return true;
  const before = [Number(id) - 1];
  const [[last], [found]] = await Promise.all([
    source.rows('event_log', before, 1),
    target.rows('event_log', before, 1),
  ]);
  return found?.['id'] === id && found['hash'] === last?.['hash'];
}

function assertVerified({ ok, findings }: Verification): void {
  if (ok) return;
  throw new OrchestratorError(
    'STORE_CORRUPT',
    `The copied state does not match the event log: ${findings[0]?.message ?? ''}`,
    {
      hint:
        '`orchestrator verify` of the old store shows all findings. ' +
        'Discard the copy with `orchestrator store move --abandon`.',
    },
  );
}

/** The state of the copy that can be discarded; null: there is no copy. */
async function copyOf(target: RowStore, leaving: StoreState): Promise<StoreState | null> {
  const found = await target.storeState();
  if (found?.id !== leaving.id) {
    if (leaving.status === 'moving') return null;
    throw moved(leaving, 'The store is open for work there, and newer events exist only there.');
  }
  if (found.status === 'filling' || found.status === 'abandoned') return found;
  // Under any name: a link, another name of the host, or a copied file.
  throw new OrchestratorError('INVALID_INPUT', 'to names the store that moves, not its destination.', {
    field: 'to',
    hint: `Name the new store: its address is ${leaving.address}.`,
  });
}

function moved({ status, address }: StoreState, hint: string): OrchestratorError {
  const what = status === 'moving' ? 'is being moved' : 'was moved';
  return new OrchestratorError('STORE_MOVED', `The store ${what} to ${address}.`, { hint });
}
