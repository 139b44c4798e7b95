import { setTimeout as pause } from 'node:timers/promises';
import {
  fields,
  type Evidence,
  type HolderInBrief,
  type LeaseInBrief,
  type Orchestrator,
  type OrchestratorReads,
  type WhyAgent,
  type WhyClaimant,
  type WhySession,
  type WhyTask,
} from '@agent-orchestrator/core';
import { findDeadHolders, livenessOf } from '../processes/dead-holders.ts';
import { findLeaseProcesses, type CarriedLease, type LeaseProcess } from '../processes/lease-processes.ts';
import { lookBack } from './look-back.ts';

/** What an id can be of. */
export type WhySubject = 'task' | 'session' | 'agent';

/** What is asked. */
export interface WhyQuestion {
  readonly id: string;
  /** What the id is of; without it, the first of these that there is: a task, a session, an agent. */
  readonly subject?: WhySubject | undefined;
  /** For whom; without an agent, for whoever fits. */
  readonly claimant?: Omit<WhyClaimant, 'evidence'>;
}

/** Processes on this machine that carry a lease in their environment. */
export interface LeaseProcesses {
  readonly sessionId: string;
  readonly fence: number;
  /** Whether the lease is over, so that they have outlived it. */
  readonly over: boolean;
  readonly processes: readonly LeaseProcess[];
}

/** What this machine shows of the processes behind leases. */
export interface SeenProcesses {
  /** Of the process that the current lease names; null where it names none. */
  readonly holder: 'alive' | 'gone' | 'unknown' | null;
  readonly ofLeases: readonly LeaseProcesses[];
}

export interface WhyAnswer {
  readonly why: WhyTask | WhySession | WhyAgent;
  /** What else has this id. */
  readonly alsoA: readonly WhySubject[];
  readonly processes: SeenProcesses;
  /** Every event up to this id is in the answer. */
  readonly asOf: number;
}

/** How processes are looked at; replaced in tests. */
export interface ProcessSight {
  readonly livenessOf: typeof livenessOf;
  readonly findDeadHolders: typeof findDeadHolders;
  readonly findLeaseProcesses: typeof findLeaseProcesses;
}

/**
 * Why a task, a session or an agent gets no work, or would: from one state of the store, together with what this machine
 * shows of the processes behind the leases. A holder that is plainly gone counts as it does for `claimWithProbe`: a claim takes
 * what it held at once.
 *
 * @returns null if nothing has this id
 */
export async function askWhy(
  orchestrator: Pick<Orchestrator, 'snapshot' | 'getSession' | 'listSessions'>,
  question: WhyQuestion,
  sight: ProcessSight = { livenessOf, findDeadHolders, findLeaseProcesses },
): Promise<WhyAnswer | null> {
  const ask = async (claimant: WhyClaimant) =>
    orchestrator.snapshot(async (reads) => {
      const why = await findSubject(reads, question, claimant);
      if (why === null) return null;
      return { why, alsoA: await othersOf(reads, question, why.subject), asOf: await reads.asOf() };
    });
  const { claimant = {} } = question;
  const first = await ask(claimant);
  // The look at the processes takes its time, and no state of the store is kept open meanwhile.
  const evidence = first === null ? [] : await deadBehind(first.why, orchestrator, sight);
  const found = evidence.length === 0 ? first : await ask({ ...claimant, evidence });
  return found === null ? null : { ...found, processes: processesBehind(found.why, sight) };
}

/** Any process that is just being started or ended is a doubt for a moment. */
const LOOKS_AT_THE_GONE = 3;
const BETWEEN_LOOKS_MS = 100;

/** What a claim that finds nothing would look for. */
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

/** Agents are not registered: one is known by what it holds, or by what it claimed not too long ago. */
const CLAIMS_LOOKED_AT = 10_000;

async function isAgent(reads: OrchestratorReads, id: string): Promise<boolean> {
  // An id may hold characters that no name has.
  const { data: name } = fields.name.safeParse(id);
  if (name === undefined) return false;
  const { items } = await reads.listSessions({ status: ['running'], agent: name, limit: 1 });
  if (items.length > 0) return true;
  const isClaim = ({ agent }: { readonly agent: string | null }) => agent === name;
  const { events } = await lookBack(
    (page) => reads.listEvents({ types: ['task.claimed'], ...page }),
    { end: await reads.asOf(), reach: CLAIMS_LOOKED_AT, by: 'id', page: 500 },
    (claims) => claims.some(isClaim),
  );
  return events.some(isClaim);
}

function processesBehind(why: WhyAnswer['why'], sight: ProcessSight): SeenProcesses {
  const holders = why.subject === 'agent' ? why.holds : why.holder === null ? [] : [why.holder];
  const over: readonly LeaseInBrief[] = why.subject === 'agent' ? [] : why.leases;
  const isCurrent = (lease: CarriedLease) =>
    holders.some(({ sessionId, fence }) => sessionId === lease.sessionId && fence === lease.fence);
  const leases: CarriedLease[] = [...holders.map(withGroup), ...over.filter((lease) => !isCurrent(lease))];
  const [only] = holders.length === 1 ? holders : [];
  return {
    holder: only === undefined || only.process === null ? null : sight.livenessOf(only.process),
    ofLeases: leases.flatMap((lease) => {
      const { sessionId, fence } = lease;
      const processes = (sight.findLeaseProcesses(lease) ?? []).filter(({ pid }) => pid !== process.pid);
      return processes.length === 0 ? [] : [{ sessionId, fence, over: !isCurrent({ sessionId, fence }), processes }];
    }),
  };

  /** Only on this machine a group's number means something. */
  function withGroup({ sessionId, fence, process: holder }: HolderInBrief): CarriedLease {
    const isHere = holder !== null && sight.livenessOf(holder) === 'gone';
    return { sessionId, fence, group: isHere ? holder.group : undefined };
  }
}
