import { Orchestrator, type Event } from '@agent-orchestrator/core';
import {
  checkInvariants,
  newCommandId,
  readEvents,
  type Journal,
  type Violation,
} from '@agent-orchestrator/storage-conformance';
import { openSqliteStorage } from '../src/index.ts';
import { integrityOf } from './crowd.ts';
import { newSeed } from './new-seed.ts';

/** What is asked of a store after whatever happened to it. */
export interface Whole {
  readonly integrity: unknown;
  readonly findings: readonly unknown[];
  readonly violations: readonly Violation[];
}

export const WHOLE: Whole = { integrity: 'ok', findings: [], violations: [] };

/** Opens the store anew and asks SQLite, `verify()` and the invariant checker whether all is well. */
export async function judge(
  path: string,
  journals: readonly Journal[] = [],
): Promise<{ readonly whole: Whole; readonly events: readonly Event[] }> {
  const storage = await openSqliteStorage({ path });
  try {
    await storage.migrate();
    const { findings } = await new Orchestrator({ storage, newCommandId, newSeed }).verify();
    const events = await readEvents(storage);
    return {
      whole: { integrity: integrityOf(path), findings, violations: checkInvariants({ events, journals }) },
      events,
    };
  } finally {
    await storage.close();
  }
}
