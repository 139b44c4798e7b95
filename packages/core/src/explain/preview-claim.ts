/**
 * Previews a claim without claiming: the rules of the claim decide on what a read has found. So `why` has no rules of
 * its own, and its answer is what the claim itself would do.
 */
import { entriesOf, withRoles } from '../commands/admission.ts';
import { WorkingSet } from '../commands/working-set.ts';
import { rolesOf, type Agent } from '../model/agent.ts';
import type { ClockJump, ClockState } from '../model/clock.ts';
import { authorityTime, observeClock } from '../model/clock-authority.ts';
import { claim, type ClaimInput, type ClaimReply } from '../commands/claim.ts';
import { fits } from '../commands/grant.ts';
import type { Evidence } from '../commands/evidence.ts';
import { recover } from '../commands/recover.ts';
import { rescheduled } from '../model/delay.ts';
import { asSettled } from '../model/hand-off.ts';
import { deadlinesAfterJump, isHeld, isStale } from '../model/lease.ts';
import { LIMITS } from '../model/limits.ts';
import type { ClaimPreview } from '../storage/claim-preview.ts';
import type { Session } from '../model/session.ts';
import type { Loaded, LoadedSession } from '../storage/loaded.ts';
import type { Reader } from '../storage/storage.ts';
import { compareInQueue, type Task } from '../model/task.ts';
import { compareCodePoints } from '../model/text.ts';
import type { SessionKey } from '../storage/scope.ts';

/** A claim as `why` asks about it. */
export type PreviewRequest = Omit<ClaimInput, 'commandId' | 'seed' | 'resume' | 'process'>;

/** The reply that a claim would get, and the rows that it would see. */
export interface PreviewedClaim {
  readonly reply: ClaimReply;
  readonly loaded: Loaded;
}

/**
 * As many scheduled tasks as one claim makes queued, and one more: it shows when the next is due. And as many tasks on
 * their way back to their senders: a claim takes back all that are due, so the preview misses those beyond these.
 */
const SCHEDULED_MAX = LIMITS.flipped_tasks_max + 1;

/**
 * Previews the reply to a claim. Only reads. A claim of a session uses the evidence itself. If a claim without a
 * session would find nothing, the preview assumes that a recovery with the evidence comes before it.
 */
export async function previewClaim(reader: Reader, request: PreviewRequest): Promise<PreviewedClaim> {
  const input = claimOf(request);
  const { namespace, sessionId, evidence } = input;
  const agents = await entriesFor(reader, namespace, input.agent);
  if (sessionId !== undefined) return judge(input, { ...(await previewSession(reader, namespace, sessionId)), agents });
  const first = judge(input, await previewReady(reader, input, agents, []));
  return first.reply.ok || evidence.length === 0
    ? first
    : judge(input, await previewReady(reader, input, agents, evidence));
}

/** The entries of the registry that a claim of this agent would load; none for an agent without a name. */
export async function entriesFor(
  reader: Reader,
  namespace: string,
  agent: string | undefined,
): Promise<readonly Agent[]> {
  const names = agent === undefined ? [] : entriesOf({ agent });
  const found = await Promise.all(names.map((name) => reader.agent(namespace, name)));
  return found.filter((entry) => entry !== null);
}

/** The reply to a claim that finds these rows. */
export function judge(input: ClaimInput, loaded: Loaded): PreviewedClaim {
  const decision = claim.decide(input, loaded);
  const rows = new WorkingSet(loaded, input.namespace, undefined);
  rows.apply(decision);
  return { reply: decision.reply(rows.after), loaded };
}

/** The input of the command. Nothing is sent, so it needs no command id. */
export function claimOf(request: PreviewRequest): ClaimInput {
  return { ...request, commandId: '', seed: '', resume: false };
}

/** The rows that a claim of one session would load, but for the registry. */
export async function previewSession(reader: Reader, namespace: string, sessionId: string): Promise<Loaded> {
  const preview = await reader.claimPreview({
    by: 'session',
    namespace,
    sessionId,
    scheduledLimit: SCHEDULED_MAX,
  });
  const view = new ClaimView(preview, []);
  const sessions = preview.sessions.map((one) => view.whenClaimed(one));
  const [found] = sessions;
  return view.loaded(sessions, found === undefined || found.head !== null);
}

/** The rows that a claim without a session would load, after the recovery of holders that the evidence proves dead. */
async function previewReady(
  reader: Reader,
  input: ClaimInput,
  agents: readonly Agent[],
  evidence: readonly Evidence[],
): Promise<Loaded> {
  const { namespace } = input;
  const entry = agents.find(({ name }) => name === input.agent);
  const scope = claim.scope(input, { registered: entry === undefined ? [] : rolesOf(entry) });
  if (scope.by !== 'ready') throw new TypeError('The scope of a claim without a session must be `ready`.');
  const { addressees, kinds, limit, staleLimit } = scope;
  const preview = await reader.claimPreview({
    by: 'ready',
    namespace,
    addressees,
    agent: input.agent,
    ...(kinds && { kinds }),
    // A task that becomes due may be a better head than one that fits, and a head may go back to its sender.
    limit: limit + 2 * SCHEDULED_MAX,
    heldLimit: staleLimit,
    scheduledLimit: SCHEDULED_MAX,
  });
  const view = new ClaimView(preview, agents);
  const known = new Map([...preview.held, ...preview.sessions].map((one) => [one.session.id, one]));
  for (const sessionId of [...view.sessionsWithDue, ...evidence.map((one) => one.sessionId)]) {
    const found = known.has(sessionId) ? null : await reader.session(namespace, sessionId);
    if (found !== null) known.set(sessionId, found);
  }
  const all = view.recovered(
    [...known.values()].map((one) => view.whenClaimed(one)),
    namespace,
    evidence,
  );
  const stale = all.filter(({ session }) => isHeld(session) && isStale(session, view.now)).slice(0, staleLimit);
  const ready = all
    .flatMap(({ head, ...one }) => (one.session.status === 'idle' && head !== null ? [{ ...one, head }] : []))
    .filter(({ head }) => fits(withRoles(input, agents), head))
    .toSorted((a, b) => compareInQueue(a.head, b.head))
    .slice(0, limit);
  return view.loaded([...stale, ...ready], ready.length > 0);
}

/** The rows that were read, changed as a claim would change them before it decides. */
class ClaimView {
  readonly now: number;
  readonly #preview: ClaimPreview;
  readonly #clock: ClockState;
  readonly #due: ReadonlyMap<string, readonly Task[]>;
  readonly #nextDueAt: number | null;
  readonly #returned: readonly Task[];
  readonly #agents: readonly Agent[];

  constructor(preview: ClaimPreview, agents: readonly Agent[]) {
    const { clock } = preview;
    this.now = Math.floor(authorityTime(clock, clock.reading));
    this.#preview = preview;
    this.#agents = agents;
    this.#clock = observeClock(clock, clock.reading) ?? clock;
    const { jump } = this.#clock;
    const scheduled = preview.scheduled
      .map((task) => rescheduled(task, jump, this.now))
      .toSorted((a, b) => (a.runAt ?? 0) - (b.runAt ?? 0));
    const due = scheduled.filter(({ runAt }) => runAt !== null && runAt <= this.now).slice(0, LIMITS.flipped_tasks_max);
    this.#due = Map.groupBy(due, ({ sessionId }) => sessionId);
    this.#nextDueAt = scheduled[due.length]?.runAt ?? null;
    this.#returned = preview.returning.filter((task) => this.#settled(task).returnedFrom !== null);
  }

  get sessionsWithDue(): Iterable<string> {
    return new Set([...this.#due.keys(), ...this.#returned.map(({ sessionId }) => sessionId)]);
  }

  /** After a clock jump, and back at its sender if that is due. */
  #settled(task: Task): Task {
    return asSettled(task, this.#clock.jump, this.now);
  }

  /** The session after a clock jump is processed, its due tasks are queued, and its head is back if that is due. */
  whenClaimed({ session, task, head }: LoadedSession): LoadedSession {
    const due = (this.#due.get(session.id) ?? []).map((one): Task => ({ ...one, status: 'queued' }));
    const [first = null] = [...(head === null ? [] : [this.#settled(head)]), ...due].toSorted(compareInQueue);
    return { session: afterJump(session, this.#clock.jump, this.now), task, head: first };
  }

  /** The sessions after a recovery has ended the leases of dead holders. */
  recovered(
    sessions: readonly LoadedSession[],
    namespace: string,
    evidence: readonly Evidence[],
  ): readonly LoadedSession[] {
    if (evidence.length === 0) return sessions;
    const loaded = this.loaded(sessions, true);
    const rows = new WorkingSet(loaded, namespace, undefined);
    rows.apply(recover.decide({ namespace, commandId: '', limit: sessions.length, evidence: [...evidence] }, loaded));
    return sessions.map((one) => {
      const session = rows.after.session(one.session.id);
      if (!isHeld(one.session) || isHeld(session)) return one;
      const waiting = [one.task, one.head].flatMap((task) => (task === null ? [] : [rows.after.task(task.id)]));
      const [head = null] = waiting.filter(({ status }) => status === 'queued').toSorted(compareInQueue);
      return { session, task: null, head };
    });
  }

  loaded(sessions: readonly LoadedSession[], foundHead: boolean): Loaded {
    return {
      now: this.now,
      clock: { ...this.#clock, reading: this.#preview.clock.reading },
      greatestFence: 0,
      sessions,
      tasks: [],
      agents: this.#agents,
      nextDueAt: foundHead ? null : this.#nextDueAt,
      receipt: null,
      named: [],
      numbers: [],
      isDue: false,
    };
  }
}

/**
 * After a clock jump every holder gets its new deadlines before another process may end its lease. Sessions up to
 * `jump.after` already have theirs.
 */
function afterJump(session: Session, jump: ClockJump | null, now: number): Session {
  if (jump === null || !isHeld(session)) return session;
  const isDone = jump.after !== null && compareKeys(session, jump.after) <= 0;
  return isDone ? session : { ...session, ...deadlinesAfterJump(session, jump, now) };
}

function compareKeys(session: Pick<Session, 'namespace' | 'id'>, key: SessionKey): number {
  return compareCodePoints(session.namespace, key.namespace) || compareCodePoints(session.id, key.sessionId);
}
