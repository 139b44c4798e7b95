import { canonicalize } from '../log/canonical.ts';
import { EarlyEnd } from '../log/early-end.ts';
import type { Event } from '../log/events.ts';
import { isHeld } from '../model/lease.ts';
import { LIMITS } from '../model/limits.ts';
import { Replay, type Mistake } from '../log/replay.ts';
import { UNLOGGED_SESSION_FIELDS, type Session } from '../model/session.ts';
import type { Page, Reader } from '../storage/storage.ts';
import { compareInQueue, nextHeadOf, UNLOGGED_TASK_FIELDS, type Task } from '../model/task.ts';

/** The kinds of problem that `verify` finds. */
export type FindingKind = Mistake['kind'] | 'early_end' | 'state' | 'head' | 'missing';

/** A difference between the store and its log, or a fault in the log. */
export interface Finding {
  readonly kind: FindingKind;
  readonly namespace: string;
  readonly sessionId: string;
  readonly taskId: string | null;
  /** The first event at fault; null if none is. */
  readonly eventId: number | null;
  readonly message: string;
}

export interface Verification {
  readonly ok: boolean;
  readonly events: number;
  readonly sessions: number;
  readonly tasks: number;
  /** At most `findingsMax` of them. */
  readonly findings: readonly Finding[];
  /** Whether there are more findings than were listed. */
  readonly truncated: boolean;
}

export interface VerifyLogOptions {
  readonly findingsMax?: number | undefined;
  /** Called before every page is read, and awaited. It can let the event loop turn: reads of a file may block it. */
  readonly beforePage?: () => void | Promise<void>;
}

/**
 * Replays the log of every session from empty, and checks that
 *
 * - no event number is missing, and the hash chain is unbroken
 * - every event is legal at its place
 * - fences grow, and each is granted once
 * - no lease ended for silence before the deadline that its last logged event implies
 * - sessions, tasks and heads are as the events leave them
 *
 * It finds an edit, a removal and a reordering. It cannot find an event that was never written, or a whole chain that
 * was rewritten, or that a lease which ended after that deadline had been extended by heartbeats.
 *
 * @param reader a snapshot, so that nothing changes meanwhile
 */
export async function verifyLog(
  reader: Reader,
  namespaces: readonly string[],
  { findingsMax = 100, beforePage = () => {} }: VerifyLogOptions = {},
): Promise<Verification> {
  const verifier = new Verifier(reader, findingsMax, beforePage);
  for (const namespace of namespaces) await verifier.namespace(namespace);
  return verifier.result();
}

type StoredSession = NonNullable<Awaited<ReturnType<Reader['session']>>>;

class Verifier {
  readonly #reader: Reader;
  readonly #findingsMax: number;
  readonly #beforePage: () => void | Promise<void>;
  readonly #findings: Finding[] = [];
  readonly #fences = new Set<number>();
  #truncated = false;
  #events = 0;
  #sessions = 0;
  #tasks = 0;

  constructor(reader: Reader, findingsMax: number, beforePage: () => void | Promise<void>) {
    this.#reader = reader;
    this.#findingsMax = findingsMax;
    this.#beforePage = beforePage;
  }

  async namespace(namespace: string): Promise<void> {
    const before = { events: this.#events, tasks: this.#tasks, findings: this.#findings.length };
    for await (const { id } of this.#pages((after) =>
      this.#reader.sessions({ namespace, limit: LIMITS.page_max, ...after }),
    )) {
      const loaded = await this.#reader.session(namespace, id);
      if (loaded !== null) await this.#session(loaded);
    }
    await this.#compareTotals(namespace, before);
  }

  result(): Verification {
    const counted = { events: this.#events, sessions: this.#sessions, tasks: this.#tasks };
    return {
      ok: this.#findings.length === 0 && !this.#truncated,
      ...counted,
      findings: this.#findings,
      truncated: this.#truncated,
    };
  }

  async #session(found: StoredSession): Promise<void> {
    const { namespace, id: sessionId } = found.session;
    this.#sessions += 1;
    const replay = new Replay();
    const earlyEnd = new EarlyEnd();
    let broken = false;
    for await (const event of this.#pages((after) =>
      this.#reader.events({ namespace, sessionId, limit: LIMITS.page_max, ...after }),
    )) {
      this.#events += 1;
      const early = broken ? null : earlyEnd.judge(replay.session, event);
      if (early !== null) this.#report('early_end', found.session, early, event.taskId, event.id);
      const mistake = broken ? null : (replay.add(event) ?? this.#grantedTwice(event));
      if (mistake === null) continue;
      this.#report(mistake.kind, found.session, mistake.message, event.taskId, event.id);
      broken = true;
    }
    if (broken) return;
    if (replay.session === null) return this.#report('missing', found.session, 'the session has no events.');
    this.#compare(found.session, replay.session, UNLOGGED_SESSION_FIELDS);
    await this.#compareTasks(found, replay.tasks);
  }

  /** A fence is granted once in the whole database. */
  #grantedTwice({ leaseEffect, fence }: Event): Mistake | null {
    if (leaseEffect !== 'granted' || fence === null) return null;
    if (this.#fences.has(fence)) return { kind: 'fence', message: `the fence ${fence} was granted twice.` };
    this.#fences.add(fence);
    return null;
  }

  /** Finds events and tasks whose session does not exist. */
  async #compareTotals(namespace: string, before: { events: number; tasks: number; findings: number }): Promise<void> {
    const counts = await this.#reader.counts(namespace, Number.MAX_SAFE_INTEGER);
    const events = counts.events - (this.#events - before.events);
    // The tasks of a session with a broken log were not counted.
    const all = Object.values(counts.tasks).reduce((sum, count) => sum + count, 0);
    const tasks = this.#findings.length > before.findings ? 0 : all - (this.#tasks - before.tasks);
    if (events === 0 && tasks === 0) return;
    this.#report('missing', { namespace, id: '' }, `${events} events and ${tasks} tasks belong to no session.`);
  }

  async #compareTasks(found: StoredSession, replayed: Map<string, Task>): Promise<void> {
    const { namespace, id: sessionId } = found.session;
    const queued: Task[] = [];
    for await (const task of this.#pages((after) =>
      this.#reader.tasks({ namespace, sessionId, limit: LIMITS.page_max, ...after }),
    )) {
      this.#tasks += 1;
      const expected = replayed.get(task.id);
      if (expected === undefined) this.#report('missing', found.session, `the task ${task.id} has no events.`, task.id);
      else this.#compare(sameWaiting(task), sameWaiting(expected), UNLOGGED_TASK_FIELDS, task.id);
      replayed.delete(task.id);
      if (task.status === 'queued') queued.push(task);
    }
    for (const { id } of replayed.values())
      this.#report('missing', found.session, `the task ${id} is in the log but not in the table.`, id);
    this.#compareHead(found, queued.toSorted(compareInQueue)[0] ?? null);
    const running = isHeld(found.session) ? found.session.taskId : null;
    if ((found.task?.id ?? null) !== running)
      this.#report('state', found.session, 'the session and its running task do not refer to each other.');
  }

  /** The index entry of the head decides which agents may claim it, so all of its fields are compared. */
  #compareHead({ session, head, next }: StoredSession, expected: Task | null): void {
    const [stored, should] = [next, expected === null ? null : nextHeadOf(expected)].map((one) =>
      canonicalize({ ...one }),
    );
    if (stored === should && head?.id === expected?.id) return;
    this.#report('head', session, `the next head is ${stored}, it should be ${should}.`);
  }

  #compare<Row extends Session | Task>(
    actual: Row,
    expected: Row,
    unlogged: readonly (keyof Row)[],
    taskId: string | null = null,
  ): void {
    const at = 'sessionId' in actual ? { namespace: actual.namespace, id: actual.sessionId } : actual;
    for (const column of Object.keys(expected) as (keyof Row & string)[]) {
      if (unlogged.includes(column) || actual[column] === expected[column]) continue;
      const [stored, logged] = [actual, expected].map((row) => canonicalize(row[column] as string));
      const values = `the table has ${stored}, the log has ${logged}`;
      this.#report('state', at, `${column}: ${values.slice(0, 400)}.`, taskId);
    }
  }

  async *#pages<T>(read: (after: { after?: string }) => Promise<Page<T>>): AsyncGenerator<T> {
    let cursor: string | null = null;
    do {
      await this.#beforePage();
      const page: Page<T> = await read(cursor === null ? {} : { after: cursor });
      yield* page.items;
      cursor = page.next;
    } while (cursor !== null);
  }

  #report(
    kind: FindingKind,
    of: { namespace: string; id: string },
    message: string,
    taskId: string | null = null,
    eventId: number | null = null,
  ): void {
    if (this.#findings.length >= this.#findingsMax) this.#truncated = true;
    else this.#findings.push({ kind, namespace: of.namespace, sessionId: of.id, taskId, eventId, message });
  }
}

/** Scheduled and queued count as the same status: only time turns one into the other. */
function sameWaiting(task: Task): Task {
  return task.status === 'scheduled' ? { ...task, status: 'queued' } : task;
}
