import { z } from 'zod';
import * as field from '../model/fields.ts';
import type { HeldSession } from '../model/lease.ts';

/**
 * What somebody found out about a holder: that its process is gone. It counts only if it speaks of the current lease and of
 * exactly the process that the lease names; core believes the observer, who must never report on a doubt.
 */
export const evidence = z.strictObject({
  sessionId: field.id,
  fence: field.fence,
  host: field.note,
  boot: field.note,
  pid: z.int().positive(),
  processStart: field.note,
  /** What was observed, for the log. */
  observed: field.note.optional(),
});

/** What somebody found out about a holder (see `evidence`). */
export type Evidence = z.output<typeof evidence>;

/** The evidence that proves this very holder dead, if there is one. */
export function evidenceAgainst(session: HeldSession, all: readonly Evidence[]): Evidence | null {
  const proves = (one: Evidence) =>
    one.sessionId === session.id &&
    one.fence === session.fence &&
    one.host === session.host &&
    one.boot === session.boot &&
    one.pid === session.pid &&
    one.processStart === session.processStart;
  return all.find(proves) ?? null;
}
