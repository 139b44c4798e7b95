import {
  conversationsIn,
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
  const isAlone = conversationsIn(host).every(({ id }) => id === event.hostSession);
  const leases = holdings.held().filter((lease) => isOf(lease, event, isAlone));
  if (leases.length === 0) return;
  const { store, namespace } = place;
  const options = { mode: 'existing', namespace, busyTimeoutMs: BUSY_TIMEOUT_MS } as const;
  await using orchestrator = await openOrchestrator(store, options);
  const entries = event.transcript === null ? [] : lastEntries(event.transcript);
  try {
    await saveWork(orchestrator, leases, workState(entries, event.lastMessage));
  } finally {
    // What could not be saved is given back with the last checkpoint.
    const over = isOver ? leases : [];
    await giveBack(orchestrator, over, { why: 'session_ended' });
    for (const lease of over) holdings.remove(lease);
  }
}

/**
 * What was claimed in another conversation of this process is of this one only if no other one lives: an id that no
 * hook told can be a subagent of any of them.
 */
function isOf({ conversation }: HeldLease, { hostSession }: HookEvent, isAlone: boolean): boolean {
  return conversation === null || conversation === hostSession || isAlone;
}
