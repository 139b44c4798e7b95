import type { Loaded, LoadedSession } from './loaded.ts';
import type { ReadyFilter } from './scope.ts';
import type { Task } from '../model/task.ts';

/** Of whom a claim is to be foreseen: of one session, or of the best heads of a namespace. */
export type ClaimPreviewScope = Readonly<{ namespace: string; scheduledLimit: number }> &
  (Readonly<{ by: 'session'; sessionId: string }> | Readonly<{ by: 'ready'; heldLimit: number } & ReadyFilter>);

/** What a claim would choose from. Nothing of it is locked, so it may be over by the time somebody claims. */
export interface ClaimPreview {
  /** What is remembered of the clocks, and what they say now. */
  readonly clock: Loaded['clock'];
  /** `session`: the named one, if it exists · `ready`: idle ones whose stored head fits, best first. */
  readonly sessions: readonly LoadedSession[];
  /** `ready`: held ones, whoever turns stale first at the front; `session`: none. */
  readonly held: readonly LoadedSession[];
  /** Scheduled tasks of the session or the namespace, whatever is due first at the front. */
  readonly scheduled: readonly Task[];
}
