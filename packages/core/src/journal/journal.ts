/**
 * A journal is the record of one run of a worker: each call before it is sent, and each answer before the worker acts
 * on it. One JSON object per line. An answer is flushed to the disk, so it survives a crash of the worker.
 *
 * ```
 * {"is":"started","agent":"worker-3","instance":"worker-3.2","at":1767268800250}
 * {"is":"sent","call":1,"command":"claim","request":{"agent":"worker-3","commandId":"…"},"at":1767268800251}
 * {"is":"answered","call":1,"reply":{"ok":true,"claims":[…]},"at":1767268800254}
 * {"is":"sent","call":2,"command":"release","request":{…},"at":1767268800300}
 * {"is":"threw","call":2,"code":"STORE_IO","message":"…","at":1767268800305}
 * {"is":"followed","namespace":"default","after":0,"events":[{"id":1,"streamId":"s","seq":1,"hash":"…"}],"at":…}
 * {"is":"ended","at":1767268801000}
 * ```
 *
 * - `at` is the worker's own wall clock in milliseconds.
 * - `call` counts the calls of the run. A call without an answer took effect once or not at all.
 * - It has no token and no seed: see `journaled.ts`.
 * - A run may continue in further files. Each begins with `started`, and with the calls that wait for their answers. So
 *   each file can be read by itself, and a call is identified by its command id.
 */
import { z } from 'zod';
import { OrchestratorError, type ErrorCode } from '../model/errors.ts';
import type { Event } from '../log/events.ts';
import type { ProcessIdentity } from '../model/lease.ts';
import type { JournaledCallName, Calls } from './journaled.ts';

/** The run of the agent that writes this journal. */
interface Started {
  readonly is: 'started';
  /** The name of the agent, the same in every run. */
  readonly agent: string;
  /** This run. */
  readonly instance: string;
  /** The process, if its claims say so. */
  readonly process?: ProcessIdentity;
  readonly at: number;
}

/** Written before a call is sent. */
export type Sent = {
  [C in JournaledCallName]: {
    readonly is: 'sent';
    readonly call: number;
    readonly command: C;
    readonly request: Calls[C]['request'];
    readonly at: number;
  };
}[JournaledCallName];

/** The answer to a call. A refusal is an answer too. */
export interface Answered {
  readonly is: 'answered';
  /** The number of the call within this journal. */
  readonly call: number;
  readonly reply: Calls[JournaledCallName]['reply'];
  readonly at: number;
}

/** A mistake or an outage. The code is null for an error that is not an `OrchestratorError`. */
export interface Threw {
  readonly is: 'threw';
  readonly call: number;
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly at: number;
}

/** One page that a follower of the log read: the events of a namespace after the event `after`. */
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

const CALL_NAMES = [
  'enqueue',
  'claim',
  'heartbeat',
  'checkpoint',
  'release',
  'recover',
  'cancel',
  'retry',
  'close',
  'answer',
] as const satisfies readonly JournaledCallName[];

/** The fields of a line that are checked; it may have others. */
const journalLine = z.lazy(() =>
  z.discriminatedUnion('is', [
    z.looseObject({ is: z.literal('started'), agent: z.string(), instance: z.string(), at: z.int() }),
    z.looseObject({
      is: z.literal('sent'),
      call: z.int(),
      command: z.enum(CALL_NAMES),
      request: z.looseObject({ namespace: z.string().optional(), commandId: z.string().optional() }),
      at: z.int(),
    }),
    z.looseObject({ is: z.literal('answered'), call: z.int(), reply: z.looseObject({ ok: z.boolean() }), at: z.int() }),
    z.looseObject({ is: z.literal('threw'), call: z.int(), code: z.string().nullable(), at: z.int() }),
    z.looseObject({ is: z.literal('followed'), after: z.int(), events: z.array(z.unknown()), at: z.int() }),
    z.looseObject({ is: z.literal('ended'), at: z.int() }),
  ]),
);

/**
 * Parses a journal. Text after the last line break is ignored: a crash cut it off, so the worker never acted on it.
 *
 * @param file the name of the journal in errors
 * @throws `JOURNAL_DAMAGED`, naming file and line, for any other line that cannot be read, or that answers a call which
 * is not there
 */
export function parseJournal(text: string, file = 'the journal'): Journal {
  const sent = new Set<number>();
  const lines = text.split('\n').slice(0, -1);
  return lines.map((content, at) => {
    const { success, data: line } = journalLine.safeParse(jsonOf(content));
    if (!success) throw damaged(file, at, 'is not a line of a journal');
    if (line.is === 'sent') sent.add(line.call);
    if ((line.is === 'answered' || line.is === 'threw') && !sent.has(line.call))
      throw damaged(file, at, `answers call ${line.call}, but no line before it has this call`);
    // The schema checks the fields that identify lines and calls. The rest is as the worker wrote it.
    return line as unknown as JournalLine;
  });
}

function damaged(file: string, at: number, problem: string): OrchestratorError {
  return new OrchestratorError('JOURNAL_DAMAGED', `Line ${at + 1} of ${file} ${problem}.`);
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
