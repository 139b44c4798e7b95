import type { z } from 'zod';
import * as field from '../model/fields.ts';
import { parseInput } from '../model/fields.ts';
import { cursorAhead } from '../model/errors.ts';
import type { Dependency } from '../model/dependency.ts';
import { assertCursor, cursorIds, cursorsOf, type Cursors } from './cursors.ts';
import { FilledReader } from './filled-reader.ts';
import {
  agentFilter,
  askedAgent,
  askedRole,
  claimant,
  claimantTerms,
  counted,
  countedInSession,
  dependencyFilter,
  eventFilter,
  headsFilter,
  leaseFilter,
  namespaced,
  one,
  questionFilter,
  sessionFilter,
  taskFilter,
  verified,
  type Filter,
} from './filters.ts';
import type { AnyKinds } from './kinds.ts';
import {
  toEventRecord,
  toLoadedSessionRecord,
  toSessionRecord,
  toTaskRecord,
  type EventRecord,
  type SeenAgentRecord,
  type SessionRecord,
  type TaskRecord,
  type ReviewedRecord,
} from './records.ts';
import type { Capabilities, Counts, Page, Storage } from '../storage/storage.ts';
import type { LeaseInterval } from '../storage/leases.ts';
import type { StoreState } from '../storage/store-state.ts';
import { numberIn, type NumberedKind } from '../model/names.ts';
import { withIds, type References } from './references.ts';
import { OTHER_AGENTS, policyOf, signedRolesOf, type AgentPolicy } from '../model/agent.ts';
import { addresseeOf, addresseesOf } from '../model/task.ts';
import { readAgent, readAgents } from './registry-reads.ts';
import { isAgentKnown, isRoleKnown } from '../explain/known-names.ts';
import { oldestClaimable, type OldestClaimable } from '../explain/oldest-claimable.ts';
import { verifyLog, type Verification } from './verify.ts';
import {
  whyAgent,
  whySession,
  whyTask,
  type WhyAgent,
  type WhyClaimant,
  type WhySession,
  type WhyTask,
} from '../explain/why.ts';

/** The part of a storage that reads need. */
type Readable = Pick<Storage, 'capabilities' | 'read' | 'watch'>;

/** The reads: they change nothing and never lock; each sees one state of the store. */
export class OrchestratorReads<Kinds extends AnyKinds = AnyKinds> {
  readonly #storage: Readable;
  #filled: FilledReader | null = null;
  /** The namespace of calls that name none. */
  readonly defaultNamespace: string;
  /** The greatest id that is known to be settled. */
  #settled = 0;

  constructor(storage: Readable, defaultNamespace: string) {
    this.#storage = storage;
    this.defaultNamespace = defaultNamespace;
  }

  get #read(): FilledReader {
    return (this.#filled ??= FilledReader.of(this.#storage.read));
  }

  get capabilities(): Capabilities {
    return this.#storage.capabilities;
  }

  /**
   * @param signal aborted: it throws the signal's reason, and nothing waits for the answer any more, `close()` included
   */
  async getTask(
    id: string,
    namespace = this.defaultNamespace,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<TaskRecord<Kinds> | null> {
    const asked = parseInput(one, { namespace, id: await this.idOf('task', id, namespace) });
    const task = await this.#read.task(asked.namespace, asked.id, signal);
    return task === null ? null : toTaskRecord<Kinds>(task);
  }

  async getSession(id: string, namespace = this.defaultNamespace): Promise<SessionRecord | null> {
    const asked = parseInput(one, { namespace, id: await this.idOf('session', id, namespace) });
    const found = await this.#read.session(asked.namespace, asked.id);
    return found === null ? null : toLoadedSessionRecord(found);
  }

  /**
   * By id; the cursor is the id of a session. With `before`, in reverse order. Only `getSession` answers `headTaskId`.
   */
  async listSessions(filter: Filter<typeof sessionFilter> = {}): Promise<Page<Omit<SessionRecord, 'headTaskId'>>> {
    const read = this.#read;
    const asked = parseInput(sessionFilter, await this.#pageWithin('session', filter));
    for (const [name, cursor] of cursorsOf(asked))
      assertCursor(name, await read.session(asked.namespace, cursor), 'session');
    const { items, next } = await read.sessions(asked);
    return { items: items.map((session) => toSessionRecord(session, null)), next };
  }

  /**
   * By id: tasks added without an id come in the order in which they were added. The cursor is the id of a task. With
   * `before`, in reverse order.
   */
  async listTasks(filter: Filter<typeof taskFilter> = {}): Promise<Page<TaskRecord<Kinds>>> {
    const read = this.#read;
    const asked = parseInput(taskFilter, await this.#pageWithin('task', filter));
    for (const [name, cursor] of cursorsOf(asked)) assertCursor(name, await read.task(asked.namespace, cursor), 'task');
    const { items, next } = await read.tasks(asked);
    return { items: items.map((task) => toTaskRecord<Kinds>(task)), next };
  }

  /** A registered agent, and when it was last seen; null: the name is not registered. */
  async getAgent(agent: string, namespace = this.defaultNamespace): Promise<SeenAgentRecord | null> {
    const asked = parseInput(askedAgent, { namespace, agent });
    return readAgent(this.#read, asked.namespace, asked.agent);
  }

  /**
   * The registered agents by name; the cursor is a name. Finding out when each was last seen looks back through the log
   * to its last event.
   */
  async listAgents(filter: Filter<typeof agentFilter> = {}): Promise<Page<SeenAgentRecord>> {
    return readAgents(this.#read, parseInput(agentFilter, await this.#within(filter)));
  }

  /** Which names may claim in a namespace. */
  async agentPolicy(namespace = this.defaultNamespace): Promise<AgentPolicy> {
    const asked = parseInput(namespaced, { namespace });
    return policyOf(await this.#read.agent(asked.namespace, OTHER_AGENTS));
  }

  /** The roles of a namespace whose verdicts must be signed. */
  async signedRoles(namespace = this.defaultNamespace): Promise<readonly string[]> {
    const asked = parseInput(namespaced, { namespace });
    return signedRolesOf(await this.#read.agent(asked.namespace, OTHER_AGENTS));
  }

  /** Whether a name works here: it is registered and not retired, or it holds a session now. */
  async agentKnown(agent: string, namespace = this.defaultNamespace): Promise<boolean> {
    const asked = parseInput(askedAgent, { namespace, agent });
    return isAgentKnown(this.#read, asked.namespace, asked.agent);
  }

  /** Whether a registered agent that is not retired has the role. */
  async roleKnown(role: string, namespace = this.defaultNamespace): Promise<boolean> {
    const asked = parseInput(askedRole, { namespace, role });
    return isRoleKnown(this.#read, asked.namespace, asked.role);
  }

  /**
   * The dependencies of a task (`taskId`), or of the tasks that depend on one (`dependencyId`), by the id of the other
   * task, which is the cursor.
   */
  async listDependencies(filter: Filter<typeof dependencyFilter>): Promise<Page<Dependency>> {
    const asked = parseInput(dependencyFilter, await this.#within(filter));
    const { taskId, dependencyId, ...page } = asked;
    const read = this.#read;
    return dependencyId === undefined
      ? read.dependencies({ ...page, taskId: taskId ?? '' })
      : read.dependencies({ ...page, dependencyId });
  }

  /** Heads of sessions whose task is only for this agent, or only for one of its roles; best first. */
  async listHeadsFor(
    filter: Omit<z.input<typeof headsFilter>, 'namespace'> & { readonly namespace?: string },
  ): Promise<readonly TaskRecord<Kinds>[]> {
    const { namespace, agent, roles, limit } = parseInput(headsFilter, await this.#within(filter));
    const [_anyAgent, ...addressees] = addresseesOf(agent, roles);
    const { sessions } = await this.#read.claimPreview({
      by: 'ready',
      namespace,
      addressees,
      limit,
      heldLimit: 0,
      scheduledLimit: 0,
    });
    return sessions.flatMap(({ head }) => (head === null ? [] : [toTaskRecord<Kinds>(head)]));
  }

  /**
   * The waiting tasks whose questions are open, the oldest question first. With `agent` or `roles`: the questions that
   * are for this agent, or for one of these roles. The cursor is not an id.
   */
  async listQuestions(filter: Filter<typeof questionFilter> = {}): Promise<Page<TaskRecord<Kinds>>> {
    const { agent, roles, ...asked } = parseInput(questionFilter, await this.#within(filter));
    const isFor = [
      ...(agent === undefined ? [] : [addresseeOf({ assignee: agent, role: null })]),
      ...(roles ?? []).map((role) => addresseeOf({ assignee: null, role })),
    ];
    const everyone = agent === undefined && roles === undefined;
    const { items, next } = await this.#read.questions({ ...asked, ...(!everyone && { addressees: isFor }) });
    return { items: items.map((task) => toTaskRecord<Kinds>(task)), next };
  }

  /**
   * By event id; by `seq` if a session is named. The cursor is that number. With `before`, in reverse order. Lists only
   * settled events: none with a smaller id will appear later. `asOf` is the last settled event id.
   *
   * @throws `CURSOR_AHEAD` if the log ends before `after`: new events would get ids that the caller skips
   */
  async listEvents(filter: Filter<typeof eventFilter> = {}): Promise<Page<EventRecord> & { readonly asOf: number }> {
    const { sessionId, taskId, upTo, ...asked } = parseInput(eventFilter, await this.#within(filter));
    const asOf = await this.#settledUpTo(upTo);
    const { items, next } = await this.#read.events({
      ...asked,
      upTo: asOf,
      ...(sessionId !== undefined && { sessionId }),
      ...(taskId !== undefined && { taskId }),
    });
    if (items.length === 0) await this.#assertReached(asked, sessionId, asOf);
    return { items: items.map(toEventRecord), next, asOf };
  }

  /**
   * The leases of a namespace as intervals of time, or of one session, in the order in which they were granted. The
   * cursor is a fence. With `before`, in reverse order. `from` (ms): only those that were granted then or later.
   * `upTo`: what they were when that event was the last one; without it, the last settled one, which `asOf` names.
   */
  async listLeases(filter: Filter<typeof leaseFilter> = {}): Promise<Page<LeaseInterval> & { readonly asOf: number }> {
    const { upTo, ...asked } = parseInput(leaseFilter, await this.#within(filter));
    const asOf = await this.#settledUpTo(upTo);
    return { ...(await this.#read.leases({ ...asked, upTo: asOf })), asOf };
  }

  /** How many tasks of each status a session has. With more than `max` tasks, any `max` of them are counted. */
  async countsOfSession(id: string, namespace = this.defaultNamespace, max = 10_000): Promise<Counts['tasks']> {
    const asked = parseInput(countedInSession, { namespace, id: await this.idOf('session', id, namespace), max });
    return this.#read.countsOfSession(asked.namespace, asked.id, asked.max);
  }

  /** The task that has waited for a claim for the longest, of any agent or role; not all may have been looked at. */
  async oldestClaimable(namespace = this.defaultNamespace): Promise<OldestClaimable<TaskRecord<Kinds>>> {
    const asked = parseInput(namespaced, { namespace });
    const { task, isCapped } = await this.#read.snapshot((reader) => oldestClaimable(reader, asked.namespace));
    return { task: task === null ? null : toTaskRecord<Kinds>(task), isCapped };
  }

  /** How many sessions and tasks of each status, each counted up to `max`. */
  async counts(namespace = this.defaultNamespace, max = 10_000): Promise<Counts> {
    const asked = parseInput(counted, { namespace, max });
    return this.#read.counts(asked.namespace, asked.max);
  }

  /** The last settled event id: later reads see every event up to it, and no event with a smaller id will appear. */
  async asOf(): Promise<number> {
    this.#settled = await this.#read.settledEventId();
    return this.#settled;
  }

  /** The authority's time, in milliseconds. */
  async now(): Promise<number> {
    return this.#read.now();
  }

  /** The namespaces that have sessions or events. */
  async namespaces(): Promise<readonly string[]> {
    return this.#read.namespaces();
  }

  /** The state of a store that is not open for work, such as `moving`, `moved` or `backup`; null: it is open. */
  async storeState(): Promise<StoreState | null> {
    return this.#read.storeState();
  }

  /**
   * Runs reads that all see the same state; `asOf` inside is the last event in it. It must be short: a long one blocks
   * the clean-up of the database.
   */
  async snapshot<R>(use: (reads: OrchestratorReads<Kinds>) => Promise<R>): Promise<R> {
    const { capabilities } = this.#storage;
    const watch: Readable['watch'] = (onChange) => this.#storage.watch(onChange);
    return this.#read.snapshot((reader) =>
      use(new OrchestratorReads<Kinds>({ capabilities, read: reader, watch }, this.defaultNamespace)),
    );
  }

  /** The work that a review judges, as it is now; null: the task is no review. */
  async getReviewed({ namespace, reviewOf }: TaskRecord): Promise<ReviewedRecord | null> {
    if (reviewOf === null) return null;
    const task = await this.getTask(reviewOf.taskId, namespace);
    const session = await this.getSession(reviewOf.sessionId, namespace);
    return task === null ? null : { task, context: session?.context ?? null };
  }

  /**
   * Explains why a task can or cannot be claimed now: every condition, and whether it is met. Uses the rules of the
   * claim itself, but claims nothing. null: there is no such task.
   */
  async whyTask(id: string, forWhom: WhyClaimant = {}, namespace = this.defaultNamespace): Promise<WhyTask | null> {
    const asked = parseInput(one, { namespace, id: await this.idOf('task', id, namespace) });
    const who = parseInput(claimant, forWhom);
    return this.#read.snapshot((reader) => whyTask(reader, asked.namespace, asked.id, who));
  }

  /** Explains why a session can or cannot be claimed now. null: there is no such session. */
  async whySession(
    id: string,
    forWhom: WhyClaimant = {},
    namespace = this.defaultNamespace,
  ): Promise<WhySession | null> {
    const asked = parseInput(one, { namespace, id: await this.idOf('session', id, namespace) });
    const who = parseInput(claimant, forWhom);
    return this.#read.snapshot((reader) => whySession(reader, asked.namespace, asked.id, who));
  }

  /** The leases of an agent, and what a claim without a session would grant it now, or why it would grant nothing. */
  async whyAgent(
    agent: string,
    forWhom: Omit<WhyClaimant, 'agent'> = {},
    namespace = this.defaultNamespace,
  ): Promise<WhyAgent> {
    const asked = parseInput(askedAgent, { namespace, agent });
    const who = parseInput(claimantTerms, forWhom);
    return this.#read.snapshot((reader) => whyAgent(reader, asked.namespace, asked.agent, who));
  }

  /** Calls `onChange` within a second after any process changed the store; spurious calls are possible. */
  async watch(onChange: () => void): Promise<() => Promise<void>> {
    return this.#storage.watch(onChange);
  }

  /** Replays the log of all namespaces, or of one, and compares it with the state. */
  async verify(options: { readonly namespace?: string; readonly findingsMax?: number } = {}): Promise<Verification> {
    const { namespace, findingsMax } = parseInput(verified, options);
    return this.#read.snapshot(async (reader) =>
      verifyLog(reader, namespace === undefined ? await reader.namespaces() : [namespace], findingsMax),
    );
  }

  /**
   * The id that a reference names: `t42` and `s17` are numbers of a task and a session. Where a session is meant, `t42`
   * is the session of that task. A number that no task or session has is returned unchanged.
   */
  protected async idOf(kind: NumberedKind, reference: string, namespace: string): Promise<string> {
    const numbered = typeof reference === 'string' ? numberIn(reference) : null;
    if (numbered === null) return reference;
    const within = parseInput(field.name, namespace);
    const read = this.#read;
    const id = await read.idOfNumber(within, numbered.kind, numbered.number);
    if (id === null || numbered.kind === kind) return id ?? reference;
    const task = kind === 'session' ? await read.task(within, id) : null;
    return task?.sessionId ?? reference;
  }

  /** Whether the log reaches up to the cursor; asked for an empty page, which costs the others nothing. */
  async #assertReached(
    { namespace, after = '0' }: { readonly namespace: string; readonly after?: string | undefined },
    sessionId: string | undefined,
    asOf: number,
  ): Promise<void> {
    const cursor = Number(after);
    if (cursor === 0 || (sessionId === undefined && cursor <= asOf)) return;
    // A bound that the caller named may be smaller than what is settled.
    const last =
      sessionId === undefined
        ? await this.asOf()
        : ((await this.#read.session(namespace, sessionId))?.session.seq ?? cursor);
    if (cursor > last) throw cursorAhead(cursor, last);
  }

  /** An event id that was settled once stays settled. */
  async #settledUpTo(upTo = Number.MAX_SAFE_INTEGER): Promise<number> {
    return upTo <= this.#settled ? upTo : Math.min(upTo, await this.asOf());
  }

  /** The filter with its namespace, and with ids for numbers. */
  async #within<T extends References>(filter: T): Promise<T & { namespace: string }> {
    const given = field.asObject(filter, 'filter');
    const namespace = given.namespace ?? this.defaultNamespace;
    return { ...(await this.withIds(given, namespace)), namespace };
  }

  /** The same for a list whose cursors are ids. */
  async #pageWithin<T extends References & Cursors>(kind: NumberedKind, filter: T) {
    const within = await this.#within(filter);
    return { ...within, ...(await cursorIds(within, (cursor) => this.idOf(kind, cursor, within.namespace))) };
  }

  /** The same call with ids where it has numbers for people. */
  protected async withIds<T extends References>(call: T, namespace: string): Promise<T> {
    return withIds(call, (kind, reference) => this.idOf(kind, reference, namespace));
  }
}
