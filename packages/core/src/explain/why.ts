import { asHeldLease, type HeldLease } from '../commands/held-lease.ts';
import { withRoles } from '../commands/admission.ts';
import { type Evidence } from '../commands/evidence.ts';
import type { ClaimInput, ClaimReply } from '../commands/claim.ts';
import type { Event, EventType } from '../log/events.ts';
import { STATUS_EVENTS } from '../log/lifecycle.ts';
import { asSettled } from '../model/hand-off.ts';
import { isoSeconds } from '../model/moment.ts';
import { isHeld } from '../model/lease.ts';
import { DEFAULTS, LIMITS } from '../model/limits.ts';
import type { Session } from '../model/session.ts';
import { nameOf, referenceTo } from '../model/names.ts';
import type { Counts, Reader } from '../storage/storage.ts';
import type { Loaded } from '../storage/loaded.ts';
import { compareInQueue, type Task } from '../model/task.ts';
import {
  holderInBrief,
  leasesIn,
  taskInBrief,
  type HolderInBrief,
  type LeaseInBrief,
  type TaskInBrief,
} from './briefs.ts';
import { lastOf, met, unmet, type Condition, type ConditionName, type Situation } from './condition.ts';
import { conditionsOf, granted } from './conditions.ts';
import { isForRefused, isForUnknown } from './known-names.ts';
import { claimOf, entriesFor, judge, previewClaim, previewSession, type PreviewRequest } from './preview-claim.ts';
import { heldOfRound } from './review-conditions.ts';
import { freed, openDependencies } from './waits-for.ts';

/** The claimant that `why` asks for. Without an agent: any agent that may claim the task. */
export interface WhyClaimant {
  readonly agent?: string | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly kinds?: readonly string[] | undefined;
  /** Evidence of dead holders: for the claim of their session, or for a recovery before a claim without a session. */
  readonly evidence?: readonly Evidence[] | undefined;
}

interface Asked {
  /** The authority's time of the answer, in milliseconds. */
  readonly askedAt: number;
  readonly claimant: WhyClaimant;
}

/** Why a claim of its session would, or would not, be granted this task. */
export interface WhyTask extends Asked {
  readonly subject: 'task';
  readonly task: TaskInBrief;
  readonly claimable: boolean;
  readonly conditions: readonly Condition[];
  readonly holder: HolderInBrief | null;
  /** The last leases on it, newest first: a zombie process may still have one of their tokens. */
  readonly leases: readonly LeaseInBrief[];
  /**
   * How many heads a claim without a session would take before this one, up to a hundred; null: it is not among the
   * heads that such a claim chooses from.
   */
  readonly headsBefore: number | null;
}

/** Why a claim of a session would, or would not, be granted. */
export interface WhySession extends Asked {
  readonly subject: 'session';
  readonly session: Pick<Session, 'id' | 'number' | 'status' | 'tasksOpen'>;
  /** The running task, or the task that would be granted. */
  readonly task: TaskInBrief | null;
  readonly claimable: boolean;
  readonly conditions: readonly Condition[];
  readonly holder: HolderInBrief | null;
  /** The last leases on the task, newest first. */
  readonly leases: readonly LeaseInBrief[];
}

/**
 * The leases of an agent, and what a claim without a session would grant it, or why it would grant nothing. A recovery
 * that ends a task may free others that depend on it: that is not foretold.
 */
export interface WhyAgent extends Asked {
  readonly subject: 'agent';
  readonly agent: string;
  /** Its leases, by session id; at most a page of them. */
  readonly holds: readonly HolderInBrief[];
  readonly holdsMore: boolean;
  readonly claimable: boolean;
  /** The tasks that it would be granted, best first. */
  readonly next: readonly TaskInBrief[];
  readonly nextDueAt: number | null;
  /** If it would be granted nothing: the conditions that the first queued tasks do not meet, with an example each. */
  readonly obstacles: readonly {
    /** null: only a claim that names the session would take it, because its lease is over but not yet stale. */
    readonly condition: ConditionName | null;
    readonly count: number;
    readonly taskId: string;
  }[];
  readonly counts: Counts;
}

/** The events that decide the outcome of a task: all but checkpoints. */
const OUTCOME_EVENTS: readonly EventType[] = [
  ...STATUS_EVENTS,
  'task.rescheduled',
  'task.handed_back',
  'task.reviewer_excluded',
  'task.cancel_requested',
];

const HEADS_COUNTED = 100;
const NEXT_SHOWN = 5;
const QUEUED_LOOKED_AT = 20;
const COUNT_MAX = 10_000;
/** Stands for an agent without a role, if the question names none. */
const ANY_AGENT = 'any-agent';

/** @returns null if there is no such task */
export async function whyTask(
  reader: Reader,
  namespace: string,
  id: string,
  claimant: WhyClaimant,
): Promise<WhyTask | null> {
  const task = await reader.task(namespace, id);
  if (task === null) return null;
  const found = await previewSession(reader, namespace, task.sessionId);
  const free = freed(task, await openDependencies(reader, task), found.now);
  const loaded = free?.status === 'queued' ? withQueued(found, free) : found;
  const { claim, ...explained } = await explain(reader, free ?? task, claimant, loaded);
  return {
    subject: 'task',
    askedAt: loaded.now,
    claimant,
    task: taskInBrief(task),
    ...explained,
    holder: holderIn(loaded),
    headsBefore: explained.claimable ? await headsBefore(reader, claim, id) : null,
  };
}

/** The rows with one more task in the queue of the session. */
function withQueued(loaded: Loaded, task: Task): Loaded {
  const sessions = loaded.sessions.map(({ head, ...one }) => ({
    ...one,
    head: head !== null && compareInQueue(head, task) < 0 ? head : task,
  }));
  return { ...loaded, sessions };
}

/** @returns null if there is no such session */
export async function whySession(
  reader: Reader,
  namespace: string,
  id: string,
  claimant: WhyClaimant,
): Promise<WhySession | null> {
  const loaded = await previewSession(reader, namespace, id);
  const found = loaded.sessions[0];
  if (found === undefined) return null;
  const { session } = found;
  const claim = claimOf(claimOn(namespace, claimant, null));
  const first = granted({ held: heldIn(loaded), head: found.head, claim, now: loaded.now });
  // As it is stored: the preview shows a due task as queued.
  const task = first === null ? null : await reader.task(namespace, first.id);
  const about = {
    subject: 'session',
    askedAt: loaded.now,
    claimant,
    session: { id, number: session.number, status: session.status, tasksOpen: session.tasksOpen },
    task: task === null ? null : taskInBrief(task),
    holder: holderIn(loaded),
  } as const;
  if (task === null)
    return {
      ...about,
      leases: [],
      claimable: false,
      conditions: await nothingToClaim(reader, session, loaded.nextDueAt),
    };
  const { leases, claimable, conditions } = await explain(reader, task, claimant, loaded);
  const place = task.status === 'running' ? 'runs in it' : 'is the first waiting task in it';
  return {
    ...about,
    leases,
    claimable,
    conditions: [
      met('session_open', `Session ${nameOf('session', session)} is open.`),
      met('has_task', `Task ${nameOf('task', task)} ${place}.`),
      ...conditions.filter(({ name }) => name !== 'not_ended' && name !== 'first_in_queue'),
    ],
  };
}

export async function whyAgent(
  reader: Reader,
  namespace: string,
  agent: string,
  claimant: Omit<WhyClaimant, 'agent'>,
): Promise<WhyAgent> {
  const asked = { ...claimant, agent };
  const claim = claimOn(namespace, asked, null);
  const { loaded, reply } = await previewClaim(reader, { ...claim, limit: NEXT_SHOWN });
  const held = await reader.sessions({ namespace, status: ['running'], agent, limit: DEFAULTS.page });
  const counts = await reader.counts(namespace, COUNT_MAX);
  return {
    subject: 'agent',
    agent,
    askedAt: loaded.now,
    claimant: asked,
    holds: held.items.filter(isHeld).map(holderInBrief),
    holdsMore: held.next !== null,
    claimable: reply.ok,
    next: reply.ok ? reply.claims.map(({ task }) => taskInBrief(asItWaits(task, loaded))) : [],
    nextDueAt: loaded.nextDueAt,
    obstacles: reply.ok ? [] : await obstaclesFor(reader, namespace, asked),
    counts,
  };
}

/** What only the sentences of a condition need. */
const NOT_LOOKED_UP = { isForUnknown: false, isForRefused: false, heldOfRound: null };

/** Counts the waiting tasks by the first condition that they do not meet. */
async function obstaclesFor(reader: Reader, namespace: string, claimant: WhyClaimant): Promise<WhyAgent['obstacles']> {
  const { items } = await reader.tasks({ namespace, status: ['queued'], limit: QUEUED_LOOKED_AT });
  const agents = await entriesFor(reader, namespace, claimant.agent);
  const found = new Map<ConditionName | null, { count: number; taskId: string }>();
  for (const task of items) {
    const loaded = await previewSession(reader, namespace, task.sessionId);
    const claim = withRoles(claimOf(claimOn(namespace, claimant, task)), agents);
    const situation = { ...situationOf({ ...loaded, agents }), claim, history: [], historyOfRunning: [] };
    const conditions = conditionsOf({ task, ...situation, ...NOT_LOOKED_UP });
    const obstacle = conditions.find(({ holds }) => !holds)?.name ?? null;
    const known = found.get(obstacle);
    found.set(obstacle, { count: (known?.count ?? 0) + 1, taskId: known?.taskId ?? task.id });
  }
  return [...found].map(([condition, { count, taskId }]) => ({ condition, count, taskId }));
}

/** Explains a task, given the rows that a claim of its session would find. */
async function explain(reader: Reader, task: Task, claimant: WhyClaimant, found: Loaded) {
  const { namespace, id, sessionId } = task;
  const agents = await entriesFor(reader, namespace, claimant.agent ?? task.assignee ?? undefined);
  const loaded = { ...found, agents };
  const claim = withRoles(claimOf({ ...claimOn(namespace, claimant, task), sessionId }), agents);
  const { reply } = judge(claim, loaded);
  const situation = situationOf(loaded);
  const running = situation.held?.task ?? null;
  const history = await outcomesOf(reader, namespace, id);
  const historyOfRunning =
    running === null || running.id === id ? history : await outcomesOf(reader, namespace, running.id);
  const settled = asSettled(task, loaded.clock.jump, loaded.now);
  // The agent that asks has the name that it gives, registered or not.
  const isForAsking = claimant.agent !== undefined && claimant.agent === settled.assignee;
  return {
    claim,
    claimable: isGranted(reply, id),
    conditions: conditionsOf({
      task,
      ...situation,
      claim,
      history,
      historyOfRunning,
      isForUnknown: !isForAsking && (await isForUnknown(reader, settled)),
      isForRefused: await isForRefused(reader, settled),
      heldOfRound: await heldOfRound(reader, task, claimant.agent),
      waitsFor: await openDependencies(reader, settled),
    }),
    leases: leasesIn(history),
  };
}

function situationOf(loaded: Loaded): Pick<Situation, 'held' | 'head' | 'now' | 'jump' | 'agents'> {
  const { now, clock, sessions, agents } = loaded;
  return { held: heldIn(loaded), head: sessions[0]?.head ?? null, now, jump: clock.jump, agents };
}

function isGranted(reply: ClaimReply, taskId: string): boolean {
  return reply.ok && reply.claims.some(({ task }) => task.id === taskId);
}

/** A task of the previewed grant, as it is before the claim. */
function asItWaits(granted: Task, { sessions }: Loaded): Task {
  return sessions.flatMap(({ head, task }) => [head, task]).find((one) => one?.id === granted.id) ?? granted;
}

/** The claim to preview. Without an agent's name, it is made by an agent that may claim the task. */
function claimOn(namespace: string, { agent, roles, kinds, evidence }: WhyClaimant, task: Task | null): PreviewRequest {
  const fitting = agent === undefined && task?.role ? [task.role] : [];
  return {
    namespace,
    agent: agent ?? task?.assignee ?? ANY_AGENT,
    roles: [...(roles ?? []), ...fitting],
    ...(kinds !== undefined && { kinds: [...kinds] }),
    evidence: [...(evidence ?? [])],
    ttlMs: DEFAULTS.ttl_ms,
    staleAfterMs: DEFAULTS.stale_after_ms,
    limit: 1,
  };
}

async function nothingToClaim(reader: Reader, session: Session, nextDueAt: number | null): Promise<Condition[]> {
  const { namespace, id, seq } = session;
  const reference = referenceTo('session', session);
  const reopens = session.status === 'closed' ? ' and opens the session again' : '';
  const isAside = nextDueAt === null && session.tasksOpen > 0;
  const hasTask = isAside
    ? unmet('has_task', 'No task is queued in it: its open tasks wait for answers, for reviews, or for other tasks.', {
        nextStep:
          `\`orchestrator task list --session ${reference} --status waiting --status in_review ` +
          `--status blocked\` lists them.`,
      })
    : nextDueAt === null
      ? unmet('has_task', 'No task waits in it.', {
          nextStep: `\`orchestrator task create TITLE --session ${reference}\` adds one${reopens}.`,
        })
      : unmet('has_task', `All waiting tasks in it are scheduled; the next is due at ${isoSeconds(nextDueAt)}.`, {
          changesAt: nextDueAt,
          nextStep: 'Wait: a claim can take it from then on.',
        });
  if (session.status !== 'closed')
    return [met('session_open', `Session ${nameOf('session', session)} is open.`), hasTask];
  // After the end of a session, only refusals are logged for it.
  const after = String(Math.max(0, seq - LIMITS.page_max));
  const { items } = await reader.events({
    namespace,
    sessionId: id,
    types: ['session.closed'],
    after,
    limit: LIMITS.page_max,
  });
  return [
    unmet('session_open', `Session ${nameOf('session', session)} is closed.`, {
      nextStep: 'Add a task to it, or retry one of its tasks: that opens it again.',
      events: lastOf(items, ['session.closed']),
    }),
    hasTask,
  ];
}

async function headsBefore(reader: Reader, claim: ClaimInput, taskId: string): Promise<number | null> {
  const { sessionId: _session, ...anywhere } = claim;
  const { reply } = await previewClaim(reader, { ...anywhere, limit: HEADS_COUNTED });
  const at = reply.ok ? reply.claims.findIndex(({ task }) => task.id === taskId) : -1;
  return at === -1 ? null : at;
}

async function outcomesOf(reader: Reader, namespace: string, taskId: string): Promise<readonly Event[]> {
  const outcomes: Event[] = [];
  let after: string | null = '0';
  while (after !== null) {
    const page: Awaited<ReturnType<Reader['events']>> = await reader.events({
      namespace,
      taskId,
      types: OUTCOME_EVENTS,
      after,
      limit: LIMITS.page_max,
    });
    outcomes.push(...page.items);
    after = page.next;
  }
  return outcomes;
}

function heldIn({ sessions }: Loaded): HeldLease | null {
  const [found] = sessions;
  return found === undefined ? null : asHeldLease(found);
}

function holderIn(loaded: Loaded): HolderInBrief | null {
  const held = heldIn(loaded);
  return held === null ? null : holderInBrief(held.session);
}
