import type { Orchestrator } from '@agent-orchestrator/runtime';
import { portionsOf } from './tasks.ts';

type Task = Parameters<Orchestrator['enqueueTasks']>[0][number];
type Call = Omit<Parameters<Orchestrator['claimTask']>[0], 'agent'>;

/** The kind of what is claimed while the backlog waits. */
const WANTED_KIND = 'wanted';

/** How tasks wait in a store, and how work is claimed there. */
export interface Backlog {
  readonly name: string;
  /** After a number of tasks. */
  readonly title: string;
  /** The task with this number. */
  readonly taskAt: (at: number) => Partial<Task>;
  /** Whether each session's first task is claimed and stays so. */
  readonly isHeld?: boolean;
  /** Whether other tasks have to be there to be claimed. */
  readonly needsWanted?: boolean;
  readonly call?: Call;
}

const SESSION = 'one-for-all';
const TASKS_PER_SESSION = 100;
const YEAR_MS = 365 * 86_400_000;

/** The six shapes in which a backlog could make a claim slow. */
export const BACKLOGS: readonly Backlog[] = [
  { name: 'one-session', title: 'tasks in one session', taskAt: () => ({ sessionId: SESSION }) },
  { name: 'many-sessions', title: 'sessions with one task', taskAt: () => ({}) },
  { name: 'later', title: 'tasks not yet due', taskAt: () => ({ delayMs: YEAR_MS }), needsWanted: true },
  {
    name: 'locked',
    title: `tasks in locked sessions of ${TASKS_PER_SESSION}`,
    taskAt: (at) => ({ sessionId: `session-${Math.floor(at / TASKS_PER_SESSION)}` }),
    isHeld: true,
    needsWanted: true,
  },
  {
    name: 'other-kind',
    title: 'tasks of another kind',
    taskAt: () => ({ kind: 'other' }),
    needsWanted: true,
    call: { kinds: [WANTED_KIND] },
  },
  {
    name: 'other-agent',
    title: 'tasks for another agent',
    taskAt: () => ({ assignee: 'another-agent' }),
    needsWanted: true,
  },
];

const DAY_MS = 86_400_000;
const CLAIMS_PER_CALL = 100;

/** How many tasks a store gets. */
interface Filling {
  readonly tasks: number;
  /** Of those that are there to be claimed, where the backlog is not. */
  readonly wanted: number;
}

/** Through the product itself: the rows are those that it would have after a year, whatever its tables are. */
export async function fill(orchestrator: Orchestrator, backlog: Backlog, { tasks, wanted }: Filling): Promise<void> {
  for (const portion of portionsOf(tasks))
    await orchestrator.enqueueTasks(portion.map((at) => ({ title: `Task ${at}`, ...backlog.taskAt(at) })));
  if (backlog.isHeld === true) await holdAll(orchestrator);
  if (backlog.needsWanted !== true) return;
  for (const portion of portionsOf(wanted)) await addClaimable(orchestrator, backlog, portion);
}

/** Tasks that a claim finds, in this order: of the backlog itself, or those beside it. */
export async function addClaimable(
  orchestrator: Orchestrator,
  { needsWanted, taskAt }: Backlog,
  tasks: readonly number[],
): Promise<void> {
  await orchestrator.enqueueTasks(
    tasks.map((at) => ({
      title: `Wanted task ${at}`,
      ...(needsWanted === true ? { kind: WANTED_KIND } : taskAt(at)),
    })),
  );
}

async function holdAll(orchestrator: Orchestrator): Promise<void> {
  for (;;) {
    const claimed = await orchestrator.claimTasks({ agent: 'holder', limit: CLAIMS_PER_CALL, ttlMs: DAY_MS });
    if (!claimed.ok || claimed.claims.length === 0) return;
  }
}
