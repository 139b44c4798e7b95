import { OrchestratorError, type EventRecord, type Orchestrator } from '@agent-orchestrator/core';
import type { JournalLine } from '@agent-orchestrator/core/journal';
import type { Changes } from './changes.ts';
import { journalsBefore } from './journal-file.ts';
import type { ProcessSettings } from './settings.ts';
import { whenReachable } from './when-reachable.ts';

const PAGE = 200;
const NAMESPACE = 'default';

/** Reads the log as it grows, from where its earlier runs left off, and writes down what it saw. */
export async function follow(
  orchestrator: Orchestrator,
  changes: Changes,
  { workload, agent, run }: ProcessSettings,
  write: (line: JournalLine) => void,
): Promise<void> {
  const earlier = journalsBefore(workload.folder, agent, run).flat();
  let after = earlier.reduce((last, line) => (line.is === 'followed' ? (line.events.at(-1)?.id ?? last) : last), 0);
  for (;;) {
    // Asked before: what was finished by then is settled when the page is read.
    const finished = changes.finished;
    const items = await nextPage(orchestrator, after);
    if (items === null) {
      // A fail-over has lost what this follower has seen: it begins anew at the end of what is left.
      after = await whenReachable(() => orchestrator.asOf());
      continue;
    }
    const last = items.at(-1)?.id;
    if (last === undefined) {
      if (finished) return;
      await changes.next(1_000);
      continue;
    }
    write({
      is: 'followed',
      namespace: NAMESPACE,
      after,
      events: items.map(({ id, streamId, seq, hash }) => ({ id, streamId, seq, hash })),
      at: Date.now(),
    });
    after = last;
  }
}

/** @returns null: the log ends before the cursor */
async function nextPage(orchestrator: Orchestrator, after: number): Promise<readonly EventRecord[] | null> {
  try {
    const page = await whenReachable(() => orchestrator.listEvents({ limit: PAGE, after: String(after) }));
    return page.items;
  } catch (error) {
    if (error instanceof OrchestratorError && error.code === 'CURSOR_AHEAD') return null;
    throw error;
  }
}
