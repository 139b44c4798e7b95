import { setTimeout as pause } from 'node:timers/promises';
import {
  fields,
  type Evidence,
  type HolderInBrief,
  type LeaseInBrief,
  type Orchestrator,
  type OrchestratorReads,
  type ProcessIdentity,
  type WhyAgent,
  type WhyClaimant,
  type WhySession,
  type WhyTask,
} from '@agent-orchestrator/core';
import { findDeadHolders, livenessOf } from '../processes/dead-holders.ts';
import { findLeaseProcesses, type CarriedLease, type LeaseProcess } from '../processes/lease-processes.ts';
import { offspringOf, type OffspringState } from '../processes/offspring.ts';

/** What an id can name. */
export type WhySubject = 'task' | 'session' | 'agent';

/** The question. */
export interface WhyQuestion {
  readonly id: string;
  /** What the id names. Without it, the first of these that exists: a task, a session, an agent. */
  readonly subject?: WhySubject | undefined;
  /** The agent that would claim; without one, any agent that may. */
  readonly claimant?: Omit<WhyClaimant, 'evidence'>;
}

/** Processes on this machine that were started under a lease. */
export interface LeaseProcesses {
  readonly sessionId: string;
  readonly fence: number;
  /** Whether the processes have outlived the lease. */
  readonly over: boolean;
  readonly processes: readonly LeaseProcess[];
}

/** The processes of leases that this machine can see. */
export interface SeenProcesses {
  /** The process of the current lease; null: the lease names none. */
  readonly holder: 'alive' | 'gone' | 'unknown' | null;
  /** What is known of all that this process has started; null: it is alive, or not of this machine. */
  readonly offspring: OffspringState | null;
  readonly ofLeases: readonly LeaseProcesses[];
}

export interface WhyAnswer {
  readonly why: WhyTask | WhySession | WhyAgent;
  /** What else this id names. */
  readonly alsoA: readonly WhySubject[];
  readonly processes: SeenProcesses;
  /** Every event up to this id is in the answer. */
  readonly asOf: number;
}

/** How processes are found; replaced in tests. */
export interface ProcessSight {
  readonly livenessOf: typeof livenessOf;
  readonly findDeadHolders: typeof findDeadHolders;
  readonly findLeaseProcesses: typeof findLeaseProcesses;
  readonly offspringOf: typeof offspringOf;
}

/**
 * Explains why a task can or cannot be claimed, or why a session or an agent gets no work. It reads one snapshot of the
 * store, and looks at the processes of the leases on this machine. As for `claimWithProbe`, a session whose holder is
 * proved dead can be claimed at once.
 *
 * @returns null if the id names nothing
 */
export async function askWhy(
  orchestrator: Pick<Orchestrator, 'snapshot' | 'getSession' | 'listSessions'>,
  question: WhyQuestion,
  sight: ProcessSight = { livenessOf, findDeadHolders, findLeaseProcesses, offspringOf },
): Promise<WhyAnswer | null> {
  const ask = async (claimant: WhyClaimant) =>
    orchestrator.snapshot(async (reads) => {
      const why = await findSubject(reads, question, claimant);
      if (why === null) return null;
      return { why, alsoA: await othersOf(reads, question, why.subject), asOf: await reads.asOf() };
    });
  const { claimant = {} } = question;
  const first = await ask(claimant);
  // Looking at the processes takes time, so no snapshot is kept open meanwhile.
  const evidence = first === null ? [] : await deadBehind(first.why, orchestrator, sight);
  const found = evidence.length === 0 ? first : await ask({ ...claimant, evidence });
  return found === null ? null : { ...found, processes: processesBehind(found.why, sight) };
}

/** A process that is just starting or ending leaves a doubt for a moment, so look again. */
const LOOKS_AT_THE_GONE = 3;
const BETWEEN_LOOKS_MS = 100;

/** The evidence that a claim would find. */
async function deadBehind(
  why: WhyAnswer['why'],
  orchestrator: Pick<Orchestrator, 'getSession' | 'listSessions'>,
  sight: ProcessSight,
): Promise<readonly Evidence[]> {
  if (why.claimable) return [];
  if (why.subject === 'agent') return sight.findDeadHolders(orchestrator);
  const { holder } = why;
  if (holder === null || holder.process === null || sight.livenessOf(holder.process) !== 'gone') return [];
  for (let looksLeft = LOOKS_AT_THE_GONE; ; looksLeft -= 1) {
    const evidence = await sight.findDeadHolders(orchestrator, { sessionId: holder.sessionId });
    if (evidence.length > 0 || looksLeft === 1) return evidence;
    await pause(BETWEEN_LOOKS_MS);
  }
}

async function findSubject(
  reads: OrchestratorReads,
  { id, subject }: WhyQuestion,
  claimant: WhyClaimant,
): Promise<WhyAnswer['why'] | null> {
  const { agent: _agent, ...anyAgent } = claimant;
  switch (subject) {
    case 'task':
      return reads.whyTask(id, claimant);
    case 'session':
      return reads.whySession(id, claimant);
    case 'agent':
      return reads.whyAgent(id, anyAgent);
    case undefined:
      return (
        (await reads.whyTask(id, claimant)) ??
        (await reads.whySession(id, claimant)) ??
        ((await isAgent(reads, id)) ? reads.whyAgent(id, anyAgent) : null)
      );
  }
}

async function othersOf(
  reads: OrchestratorReads,
  { id, subject }: WhyQuestion,
  taken: WhySubject,
): Promise<WhySubject[]> {
  if (subject !== undefined || taken === 'agent') return [];
  const isSession = taken === 'task' && (await reads.getSession(id))?.id === id;
  return [...(isSession ? (['session'] as const) : []), ...((await isAgent(reads, id)) ? (['agent'] as const) : [])];
}

/** Agents are not registered. One is known if it holds a session, or claimed one within this many events. */
const EVENTS_LOOKED_AT = 10_000;

async function isAgent(reads: OrchestratorReads, id: string): Promise<boolean> {
  // An id may hold characters that no name has.
  const { data: name } = fields.name.safeParse(id);
  if (name === undefined) return false;
  const { items } = await reads.listSessions({ status: ['running'], agent: name, limit: 1 });
  if (items.length > 0) return true;
  const after = String(Math.max(0, (await reads.asOf()) - EVENTS_LOOKED_AT));
  const claims = await reads.listEvents({ types: ['task.claimed'], agent: name, after, limit: 1 });
  return claims.items.length > 0;
}

function processesBehind(why: WhyAnswer['why'], sight: ProcessSight): SeenProcesses {
  const holders = why.subject === 'agent' ? why.holds : why.holder === null ? [] : [why.holder];
  const over: readonly LeaseInBrief[] = why.subject === 'agent' ? [] : why.leases;
  const isCurrent = (lease: CarriedLease) =>
    holders.some(({ sessionId, fence }) => sessionId === lease.sessionId && fence === lease.fence);
  const leases: CarriedLease[] = [...holders.map(withGroup), ...over.filter((lease) => !isCurrent(lease))];
  const [only] = holders.length === 1 ? holders : [];
  const holder = only === undefined || only.process === null ? null : sight.livenessOf(only.process);
  return {
    holder,
    offspring: only?.process && holder === 'gone' ? offspringBehind(only.process, only.fence) : null,
    ofLeases: leases.flatMap((lease) => {
      const { sessionId, fence } = lease;
      const processes = (sight.findLeaseProcesses(lease) ?? []).filter(({ pid }) => pid !== process.pid);
      return processes.length === 0 ? [] : [{ sessionId, fence, over: !isCurrent({ sessionId, fence }), processes }];
    }),
  };

  function offspringBehind(process: ProcessIdentity, fence: number): OffspringState {
    return sight.offspringOf({ ...process, fence, group: process.group ?? null });
  }

  /** The number of a process group is only valid on this machine. */
  function withGroup({ sessionId, fence, process: holder }: HolderInBrief): CarriedLease {
    const isHere = holder !== null && sight.livenessOf(holder) !== 'unknown';
    return { sessionId, fence, group: isHere ? holder.group : undefined };
  }
}
