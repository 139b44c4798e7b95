import { internalError } from '../model/errors.ts';
import { isHeld, type HeldSession } from '../model/lease.ts';
import type { Task } from '../model/task.ts';
import type { LoadedSession } from '../storage/loaded.ts';

/** A held session as it was loaded. */
export interface HeldLease {
  readonly session: HeldSession;
  readonly task: Task;
  readonly head: Task | null;
}

/**
 * A loaded session with its running task, if an agent holds it.
 *
 * @throws `INTERNAL` if the task is missing: the session is locked, so it must not count as free
 */
export function asHeldLease({ session, task, head }: LoadedSession): HeldLease | null {
  if (!isHeld(session)) return null;
  if (task === null) throw internalError(`The task ${session.taskId} that runs in session ${session.id} is missing.`);
  return { session, task, head };
}
