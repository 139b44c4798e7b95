/**
 * A journal is what one run of a worker writes down for itself: what it sent, before it sent it, and what it was answered,
 * before it acts on the answer. One JSON object per line, each flushed to the disk, so that it survives whatever kills the
 * worker. A call without an answer has an unknown outcome: it took effect once or not at all.
 *
 * ```
 * {"is":"started","agent":"worker-3","instance":"worker-3.2","at":1767268800250}
 * {"is":"sent","call":1,"command":"claim","request":{"agent":"worker-3","commandId":"…"},"at":1767268800251}
 * {"is":"answered","call":1,"reply":{"ok":true,"claims":[…]},"at":1767268800254}
 * {"is":"sent","call":2,"command":"release","request":{…},"at":1767268800300}
 * {"is":"threw","call":2,"code":"STORE_IO","message":"…","at":1767268800305}
 * {"is":"followed","namespace":"default","after":0,"events":[{"id":1,"streamId":"s","seq":1,"hash":"…"}],"at":1767268800400}
 * {"is":"ended","at":1767268801000}
 * ```
 *
 * `at` is the worker's own wall clock in milliseconds.
 */
import type { ErrorCode } from '../model/errors.ts';
import type { Event } from '../log/events.ts';
import type { ProcessIdentity } from '../model/lease.ts';
import type { CallName, Calls } from './journaled.ts';

/** Who keeps this journal. */
interface Started {
  readonly is: 'started';
  /** The name, the same in every run. */
  readonly agent: string;
  /** This run. */
  readonly instance: string;
  /** The process, if its claims say so. */
  readonly process?: ProcessIdentity;
  readonly at: number;
}

/** Before anything is sent. */
export type Sent = {
  [C in CallName]: {
    readonly is: 'sent';
    readonly call: number;
    readonly command: C;
    readonly request: Calls[C]['request'];
    readonly at: number;
  };
}[CallName];

/** What came back. A refusal is an answer too. */
export interface Answered {
  readonly is: 'answered';
  /** The number of the call within this journal. */
  readonly call: number;
  readonly reply: Calls[CallName]['reply'];
  readonly at: number;
}

/** A mistake or an outage. The code is null for what is not an error of the orchestrator. */
export interface Threw {
  readonly is: 'threw';
  readonly call: number;
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly at: number;
}

/** One page that a follower of the log read: what stands in a namespace after the event `after`. */
export interface Followed {
  readonly is: 'followed';
  readonly namespace: string;
  readonly after: number;
  readonly events: readonly Pick<Event, 'id' | 'streamId' | 'seq' | 'hash'>[];
  readonly at: number;
}

export type JournalLine = Started | Sent | Answered | Threw | Followed | { readonly is: 'ended'; readonly at: number };

/** All lines of one run of a worker, in order. */
export type Journal = readonly JournalLine[];

/** Reads a journal. A last line that was cut off by a crash was never acted upon, so it is left out. */
export function parseJournal(text: string): Journal {
  const lines = text.split('\n');
  // What follows the last line break is empty, or half a line.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as JournalLine);
}
