import { z } from 'zod';
import * as field from '../model/fields.ts';
import type { HeldSession } from '../model/lease.ts';

/**
 * The observation of another process that a holder's process is gone. It counts only for the current lease and for
 * exactly the process that the lease names. Core trusts the observer, which must report only what is certain.
 */
export const evidence = z.lazy(() =>
  z.strictObject({
    sessionId: field.knownId,
    fence: field.fence,
    host: field.note,
    boot: field.note,
    pid: z.int().positive(),
    processStart: field.note,
    /** What was observed, for the log. */
    observed: field.note.optional(),
  }),
);

/** The observation that a holder's process is gone (see `evidence`). */
export type Evidence = z.output<typeof evidence>;

/** The evidence that proves exactly this holder dead, if there is one. */
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
