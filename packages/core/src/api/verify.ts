import { canonicalize } from '../log/canonical.ts';
import { EarlyEnd } from '../log/early-end.ts';
import type { Event } from '../log/events.ts';
import { isHeld } from '../model/lease.ts';
import { ahead, batched, type Batch } from './ahead.ts';
import { ComparedDependencies } from './compared-dependencies.ts';
import { ComparedTasks, sameWaiting } from './compared-tasks.ts';
import { FenceSet } from './fence-set.ts';
import { Replay, type Mistake } from '../log/replay.ts';
import { pages, type After } from '../storage/pages.ts';
import { Turns } from './turns.ts';
import { UNLOGGED_SESSION_FIELDS, type Session } from '../model/session.ts';
import type { Page, Reader, SessionHistory, StoredSession } from '../storage/storage.ts';
import { verifyAgents } from './verify-agents.ts';
import { verifyDependencies } from './verify-dependencies.ts';
import { isVerdictEvent, proofFault } from './verify-signatures.ts';
import { compareInQueue, nextHeadOf, UNLOGGED_TASK_FIELDS, type Task } from '../model/task.ts';

/** The kinds of problem that `verify` finds. */
export type FindingKind = Mistake['kind'] | 'early_end' | 'state' | 'head' | 'missing' | 'signature';

/** A difference between the store and its log, or a fault in the log. */
export interface Finding {
  readonly kind: FindingKind;
  readonly namespace: string;
  /** Empty: it is about no session. */
  readonly sessionId: string;
  readonly taskId: string | null;
  /** The agent whose entry of the registry it is about; null: it is about none. */
  readonly agent: string | null;
  /** The first event at fault; null if none is. */
  readonly eventId: number | null;
  readonly message: string;
}

export interface Verification {
  readonly ok: boolean;
  readonly events: number;
  readonly sessions: number;
  readonly tasks: number;
  /** Entries of the registry. */
  readonly agents: number;
  /** At most `findingsMax` of them. */
  readonly findings: readonly Finding[];
  /** Whether there are more findings than were listed. */
  readonly truncated: boolean;
}

/**
 * Replays the log of every session and of every registered agent from empty, and checks that
 *
 * - no event number is missing, and the hash chain is unbroken
 * - every event is legal at its place: for example, none leaves a review to an agent that may not judge it
 * - fences grow, and each is granted once
 * - a verdict that says so was signed, by the key that the registry had at that time
 * - no lease ended for silence before the deadline that its last logged event implies
 * - sessions, tasks, their dependencies, heads and agents are as the events leave them
 * - every task that waits has been told of the ends of its dependencies, or is about to be
 *
 * It finds an edit, a removal and a reordering. It cannot find an event that was never written, or a whole chain that
 * was rewritten, or that a lease which ended after that deadline had been extended by heartbeats.
 *
 * @param reader a snapshot, so that nothing changes meanwhile
 */
export async function verifyLog(
  reader: Reader,
  namespaces: readonly string[],
  findingsMax = 100,
): Promise<Verification> {
  const verifier = new Verifier(reader, findingsMax);
  for (const namespace of namespaces) await verifier.namespace(namespace);
  return verifier.result();
}

/** Small pages: a page is in memory as a whole, and rows may be large. */
const PAGE = 100;
/** How many events of small sessions are read at once … */
const BATCH = 100;
/** … and how many before they are needed. */
const AHEAD = 2 * BATCH;

class Verifier {
  readonly #reader: Reader;
  readonly #findingsMax: number;
  readonly #findings: Finding[] = [];
  readonly #fences = new FenceSet();
  readonly #turns = new Turns();
  #truncated = false;
  #events = 0;
  #sessions = 0;
  #tasks = 0;
  #agents = 0;
  #dependencies = 0;

  constructor(reader: Reader, findingsMax: number) {
    this.#reader = reader;
    this.#findingsMax = findingsMax;
  }

  async namespace(namespace: string): Promise<void> {
    const before = { events: this.#events, tasks: this.#tasks, findings: this.#findings.length };
    this.#dependencies = 0;
    const sessions = pages((after) => this.#reader.sessions({ namespace, limit: PAGE, ...after }));
    const batches = batched(sessions, BATCH, ({ seq }) => Math.max(1, seq));
    const begin = async ({ items }: Batch<Session>) => ({
      listed: items,
      found: await this.#reader.histories(
        namespace,
        items.map(({ id }) => id),
        PAGE,
      ),
    });
    const weightOf = ({ weight }: Batch<Session>) => Math.min(weight, BATCH);
    for await (const { listed, found } of ahead(batches, { limit: AHEAD, weightOf }, begin)) {
      const byId = Map.groupBy(found, ({ session }) => session.id);
      for (const session of listed) await this.#listed(session, byId.get(session.id) ?? []);
    }
    const registry = await verifyAgents(this.#reader, namespace, ({ agent, kind, message, eventId }) =>
      this.#add({ kind, namespace, sessionId: '', taskId: null, agent, eventId, message }),
    );
    await verifyDependencies(this.#reader, namespace, this.#dependencies, ({ sessionId, taskId, message }) =>
      this.#report('state', { namespace, id: sessionId }, message, taskId),
    );
    this.#agents += registry.agents;
    this.#events += registry.events;
    await this.#compareTotals(namespace, before);
  }

  result(): Verification {
    const counted = { events: this.#events, sessions: this.#sessions, tasks: this.#tasks, agents: this.#agents };
    return {
      ok: this.#findings.length === 0 && !this.#truncated,
      ...counted,
      findings: this.#findings,
      truncated: this.#truncated,
    };
  }

  #eventsOf(namespace: string, sessionId: string, after: After): Promise<Page<Event>> {
    return this.#reader.events({ namespace, sessionId, limit: PAGE, ...after });
  }

  #tasksOf(namespace: string, sessionId: string, after: After): Promise<Page<Task>> {
    return this.#reader.tasks({ namespace, sessionId, limit: PAGE, ...after });
  }

  /** A session that the list shows must be found by its id, and once. */
  async #listed(session: Session, found: readonly SessionHistory[]): Promise<void> {
    this.#sessions += 1;
    const [history] = found;
    if (history === undefined) this.#report('missing', session, 'the session is listed, but not found by its id.');
    else if (found.length > 1) this.#report('state', session, `${found.length} sessions have this id.`);
    else await this.#session(history);
  }

  async #session({ events, tasks, ...found }: SessionHistory): Promise<void> {
    const { namespace, id } = found.session;
    const replay = new Replay();
    const compared = new ComparedTasks(this.#reader, replay);
    const earlyEnd = new EarlyEnd();
    const dependencies = new ComparedDependencies();
    let broken = false;
    for await (const event of pages((after) => this.#eventsOf(namespace, id, after), events)) {
      this.#events += 1;
      if (this.#turns.isOverAfter(event.payload.length)) await this.#turns.next();
      if (event.taskId !== null && compared.has(event.taskId)) await compared.readAgain(namespace, event.taskId);
      const early = broken ? null : earlyEnd.judge(replay.session, event);
      if (early !== null) this.#report('early_end', found.session, early, event.taskId, event.id);
      const reviewed = broken || event.taskId === null ? undefined : replay.tasks.get(event.taskId);
      const mistake = broken ? null : (replay.add(event) ?? this.#grantedTwice(event));
      if (mistake === null) {
        dependencies.add(event);
        if (reviewed !== undefined && isVerdictEvent(event)) await this.#checkProof(event, reviewed);
        if (compared.isFull) await compared.forget(namespace);
        continue;
      }
      this.#report(mistake.kind, found.session, mistake.message, event.taskId, event.id);
      broken = true;
    }
    if (broken) return;
    if (replay.session === null) return this.#report('missing', found.session, 'the session has no events.');
    this.#compare(found.session, replay.session, UNLOGGED_SESSION_FIELDS);
    for await (const { taskId, message } of dependencies.mistakes(this.#reader, namespace))
      this.#report('state', found.session, message, taskId);
    this.#dependencies += dependencies.rows;
    await this.#compareTasks(found, { replayed: replay.tasks, compared, first: tasks });
  }

  async #checkProof(event: Parameters<typeof proofFault>[1], reviewed: Task): Promise<void> {
    const { namespace, streamId: id, taskId } = event;
    const message = await proofFault(this.#reader, event, reviewed);
    if (message !== null) this.#report('signature', { namespace, id }, message, taskId, event.id);
  }

  /** A fence is granted once in the whole database. */
  #grantedTwice({ leaseEffect, fence }: Event): Mistake | null {
    if (leaseEffect !== 'granted' || fence === null) return null;
    return this.#fences.add(fence) ? null : { kind: 'fence', message: `the fence ${fence} was granted twice.` };
  }

  /** Finds events and tasks whose session does not exist. */
  async #compareTotals(namespace: string, before: { events: number; tasks: number; findings: number }): Promise<void> {
    const counts = await this.#reader.counts(namespace, Number.MAX_SAFE_INTEGER);
    const events = counts.events - (this.#events - before.events);
    // The tasks of a session with a broken log were not counted.
    const all = Object.values(counts.tasks).reduce((sum, count) => sum + count, 0);
    const tasks = this.#findings.length > before.findings ? 0 : all - (this.#tasks - before.tasks);
    if (events === 0 && tasks === 0) return;
    this.#report(
      'missing',
      { namespace, id: '' },
      `${events} events and ${tasks} tasks belong to no session and no agent.`,
    );
  }

  async #compareTasks(
    found: StoredSession,
    {
      replayed,
      compared,
      first,
    }: { readonly replayed: Map<string, Task>; readonly compared: ComparedTasks; readonly first: Page<Task> },
  ): Promise<void> {
    const { namespace, id: sessionId } = found.session;
    let head: Task | null = null;
    for await (const task of pages((after) => this.#tasksOf(namespace, sessionId, after), first)) {
      this.#tasks += 1;
      if (task.status === 'queued' && (head === null || compareInQueue(task, head) < 0)) head = task;
      if (compared.has(task.id)) continue;
      const expected = replayed.get(task.id);
      if (expected === undefined) this.#report('missing', found.session, `the task ${task.id} has no events.`, task.id);
      else this.#compare(sameWaiting(task), sameWaiting(expected), UNLOGGED_TASK_FIELDS, task.id);
      replayed.delete(task.id);
    }
    for (const { id } of replayed.values())
      this.#report('missing', found.session, `the task ${id} is in the log but not in the table.`, id);
    this.#compareHead(found, head);
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

  #report(
    kind: FindingKind,
    of: { namespace: string; id: string },
    message: string,
    taskId: string | null = null,
    eventId: number | null = null,
  ): void {
    this.#add({ kind, namespace: of.namespace, sessionId: of.id, taskId, agent: null, eventId, message });
  }

  #add(finding: Finding): void {
    if (this.#findings.length >= this.#findingsMax) this.#truncated = true;
    else this.#findings.push(finding);
  }
}
