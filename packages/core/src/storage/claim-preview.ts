import type { Loaded, LoadedSession } from './loaded.ts';
import type { ReadyFilter } from './scope.ts';
import type { Task } from '../model/task.ts';

/** The claim to preview: of one session, or of the best heads of a namespace. */
export type ClaimPreviewScope = Readonly<{ namespace: string; scheduledLimit: number }> &
  (Readonly<{ by: 'session'; sessionId: string }> | Readonly<{ by: 'ready'; heldLimit: number } & ReadyFilter>);

/** The rows that a claim would choose from. They are not locked, so a later claim may find others. */
export interface ClaimPreview {
  /** The stored clock state, and the present reading. */
  readonly clock: Loaded['clock'];
  /** `session`: the named one, if it exists · `ready`: idle ones whose stored head fits, best first. */
  readonly sessions: readonly LoadedSession[];
  /** `ready`: held sessions, by `staleAt`; `session`: none. */
  readonly held: readonly LoadedSession[];
  /** Scheduled tasks of the session or the namespace, by `runAt`. */
  readonly scheduled: readonly Task[];
  /**
   * `ready`: handed-off tasks of the namespace that return at a time, by `returnAt` and id, at most `scheduledLimit`;
   * `session`: none.
   */
  readonly returning: readonly Task[];
}
