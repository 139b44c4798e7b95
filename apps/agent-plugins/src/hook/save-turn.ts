import {
  giveBack,
  Holdings,
  lastEntries,
  openOrchestrator,
  type HeldLease,
  type RegisteredHost,
} from '@agent-orchestrator/runtime';
import type { HookEvent } from './events.ts';
import { placeOf } from './place.ts';
import { saveWork } from './save-work.ts';
import { workState } from './work-state.ts';

/** At the end of a session there is little time; in between, the next turn saves it. */
const BUSY_TIMEOUT_MS = 800;

/**
 * Saves where the work on each held task is.
 *
 * @param isOver the session of the host is over: the tasks go back to the queue, with a note
 */
export async function saveTurn(host: RegisteredHost, event: HookEvent, isOver: boolean): Promise<void> {
  const place = await placeOf(host);
  const holdings = Holdings.of(host, place);
  const leases = holdings.held();
  if (leases.length === 0) return;
  const { store, namespace } = place;
  const options = { mode: 'existing', namespace, busyTimeoutMs: BUSY_TIMEOUT_MS } as const;
  await using orchestrator = await openOrchestrator(store, options);
  const entries = event.transcript === null ? [] : lastEntries(event.transcript);
  try {
    await saveWork(orchestrator, leases, workState(entries, event.lastMessage));
  } finally {
    // What could not be saved is given back with the last checkpoint.
    const over = isOver ? leases.filter((lease) => isOf(lease, event)) : [];
    await giveBack(orchestrator, over, { why: 'session_ended' });
    for (const lease of over) holdings.remove(lease);
  }
}

/** One process of Codex may have several conversations, and says with each call of a tool which one it is. */
function isOf({ conversation }: HeldLease, { host, hostSession }: HookEvent): boolean {
  return host !== 'codex' || conversation === null || hostSession === null || conversation === hostSession;
}
