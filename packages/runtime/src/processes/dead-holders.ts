import { setTimeout as pause } from 'node:timers/promises';
import type { Evidence, Orchestrator, ProcessIdentity, SessionRecord } from '@agent-orchestrator/core';
import { LIMITS } from '@agent-orchestrator/core';
import { isEndInDoubt } from './kept-host.ts';
import { ProcessScan } from './lease-processes.ts';
import { offspringOf, type OffspringState } from './offspring.ts';
import { ownProcess } from './own-process.ts';
import { isNumberTaken, readProcess } from './process-table.ts';

/** Contexts come with the sessions and may be large. */
const SESSIONS_PER_PAGE = 100;
/** A starting process shows its parent's environment, or none, for much less time than this. */
const SECOND_LOOK_AFTER_MS = 50;

/**
 * Looks for holders that are proved dead, so that their leases need not run out first. A holder is dead only if all of
 * this holds:
 *
 * - it belongs to this machine, this boot and this view of the processes
 * - the process that claimed is gone (a zombie is dead; a reused pid is recognized by the start of its process)
 * - if it is the process of an agent host: no keeper of the host is at work, which would judge itself, and none has
 *   seen that something which the host started lives on
 * - if it starts commands under its lease: all that they have started has ended, as a keeper that is alive shows
 *   (`offspringOf`)
 * - no process carries the lease in its environment
 *
 * In doubt it counts as alive: also if a process cannot be seen. Reads only; one short page if no session is held here.
 *
 * @returns evidence for `staleRecovery`, or for a claim of the session; at most as much as one call takes
 */
export async function findDeadHolders(
  orchestrator: Pick<Orchestrator, 'getSession' | 'listSessions'>,
  { sessionId, namespace }: { readonly sessionId?: string | undefined; readonly namespace?: string } = {},
): Promise<readonly Evidence[]> {
  const here = ownProcess();
  if (here === null) return [];
  const gone: Gone[] = [];
  for await (const session of sessionsOf(orchestrator, { sessionId, namespace })) {
    if (gone.length < LIMITS.batch_max) gone.push(...goneHolder(session, here));
  }
  const alone = gone.length === 0 ? [] : withoutOffspring(gone);
  if (alone.length === 0) return [];
  await pause(SECOND_LOOK_AFTER_MS);
  return withoutOffspring(alone).map(({ found }) => found);
}

/** Whether the process that a lease names is alive; `unknown` if it belongs to another machine, boot or view. */
export function livenessOf(holder: ProcessIdentity, here = ownProcess()): 'alive' | 'gone' | 'unknown' {
  if (here === null || holder.host !== here.host || holder.boot !== here.boot) return 'unknown';
  const sight = look(holder);
  return sight === 'hidden' ? 'unknown' : sight === 'alive' ? 'alive' : 'gone';
}

async function* sessionsOf(
  orchestrator: Pick<Orchestrator, 'getSession' | 'listSessions'>,
  { sessionId, namespace }: { readonly sessionId: string | undefined; readonly namespace: string | undefined },
): AsyncGenerator<Held> {
  if (sessionId !== undefined) {
    const session = await orchestrator.getSession(sessionId, namespace);
    if (session !== null) yield session;
    return;
  }
  const filter = {
    status: ['running' as const],
    limit: SESSIONS_PER_PAGE,
    ...(namespace !== undefined && { namespace }),
  };
  let page = await orchestrator.listSessions(filter);
  yield* page.items;
  while (page.next !== null) {
    page = await orchestrator.listSessions({ ...filter, after: page.next });
    yield* page.items;
  }
}

type Held = Pick<SessionRecord, 'id' | 'fence' | 'host' | 'boot' | 'pid' | 'processStart' | 'processGroup'>;

/** Evidence, and what is known of all that the holder started. */
interface Gone {
  readonly offspring: OffspringState;
  readonly found: Evidence;
}

function goneHolder(session: Held, here: ProcessIdentity): Gone[] {
  const { id: sessionId, fence, host, boot, pid, processStart, processGroup } = session;
  if (fence === null || host === null || boot === null || pid === null || processStart === null) return [];
  if (host !== here.host || boot !== here.boot) return [];
  const sight = look({ pid, start: processStart });
  if (sight === 'alive' || sight === 'hidden') return [];
  if (isEndInDoubt({ pid, start: processStart })) return [];
  const offspring = offspringOf({ pid, start: processStart, fence, group: processGroup });
  if (offspring === 'alive' || offspring === 'unproven') return [];
  const observed = `process ${pid} ${OBSERVED[sight]}, and no process carries its lease${seen(offspring)}`;
  return [{ offspring, found: { sessionId, fence, host, boot, pid, processStart, observed } }];
}

function seen(offspring: OffspringState): string {
  return offspring === 'ended' ? '; its keeper shows that all that it started has ended' : '';
}

const OBSERVED = {
  absent: 'is gone',
  another: 'is a different one now',
  zombie: 'has ended',
} as const;

/** The state of a process in this view. */
function look({ pid, start }: Pick<ProcessIdentity, 'pid' | 'start'>): 'alive' | 'hidden' | keyof typeof OBSERVED {
  if (!isNumberTaken(pid)) return 'absent';
  const entry = readProcess(pid);
  // It may have ended between the two checks.
  if (entry === null) return isNumberTaken(pid) ? 'hidden' : 'absent';
  if (entry.start !== start) return 'another';
  return entry.hasEnded ? 'zombie' : 'alive';
}

function withoutOffspring(gone: readonly Gone[]): Gone[] {
  const scan = ProcessScan.make();
  return gone.filter(({ offspring, found }) => {
    if (scan.carriersOf(found).length > 0) return false;
    // What it started was kept: a process that hides its environment is none of it.
    return offspring === 'ended' || !scan.mayHideOffspringOf({ start: found.processStart });
  });
}
