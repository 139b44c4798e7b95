import { setTimeout as pause } from 'node:timers/promises';
import type { Evidence, Orchestrator, ProcessIdentity, SessionRecord } from '@agent-orchestrator/core';
import { LIMITS } from '@agent-orchestrator/core';
import { ProcessScan } from './lease-processes.ts';
import { ownProcess } from './own-process.ts';
import { isGroupAlive, isNumberTaken, readProcess } from './process-table.ts';

/** Contexts come with the sessions and may be large. */
const SESSIONS_PER_PAGE = 100;
/** A process that is just being started shows its parent's environment, or none, for much less than that. */
const SECOND_LOOK_AFTER_MS = 50;

/**
 * Looks for holders that are plainly gone, so that nobody has to wait for their leases to run out: of this machine, this boot
 * and this view of its processes, with neither the process that claimed left, nor anybody of the process group that works for
 * it, nor a process that carries the lease in its environment. Never on a doubt: what cannot be seen counts as alive. A reused
 * pid is told by its start; a zombie is dead, since it will never do anything again. Reads only; where nothing is held here, one
 * short page.
 *
 * @returns evidence for `staleRecovery`, or for a claim of the session; at most as much as one call takes
 */
export async function findDeadHolders(
  orchestrator: Pick<Orchestrator, 'getSession' | 'listSessions'>,
  { sessionId, namespace }: { readonly sessionId?: string | undefined; readonly namespace?: string } = {},
): Promise<readonly Evidence[]> {
  const here = ownProcess();
  if (here === null) return [];
  const gone: Evidence[] = [];
  for await (const session of sessionsOf(orchestrator, { sessionId, namespace })) {
    if (gone.length < LIMITS.batch_max) gone.push(...evidenceAgainst(session, here));
  }
  const alone = gone.length === 0 ? [] : withoutOffspring(gone);
  if (alone.length === 0) return [];
  await pause(SECOND_LOOK_AFTER_MS);
  return withoutOffspring(alone);
}

/** Whether the process that a lease names is still there; `unknown` if it is not of this machine, boot and view. */
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

function evidenceAgainst(session: Held, here: ProcessIdentity): Evidence[] {
  const { id: sessionId, fence, host, boot, pid, processStart, processGroup } = session;
  if (fence === null || host === null || boot === null || pid === null || processStart === null) return [];
  if (host !== here.host || boot !== here.boot) return [];
  const sight = look({ pid, start: processStart });
  if (sight === 'alive' || sight === 'hidden') return [];
  if (processGroup !== null && mayWork(processGroup)) return [];
  const observed = `process ${pid} ${OBSERVED[sight]}, and no process carries its lease`;
  return [{ sessionId, fence, host, boot, pid, processStart, observed }];
}

/** A group whose number was never told may be any. */
function mayWork(group: number): boolean {
  return group === 0 || isGroupAlive(group);
}

const OBSERVED = {
  absent: 'is gone',
  another: 'is another one by now',
  zombie: 'has ended',
} as const;

/** What there is of a process of this view. */
function look({ pid, start }: Pick<ProcessIdentity, 'pid' | 'start'>): 'alive' | 'hidden' | keyof typeof OBSERVED {
  if (!isNumberTaken(pid)) return 'absent';
  const entry = readProcess(pid);
  // It may have ended between the two looks.
  if (entry === null) return isNumberTaken(pid) ? 'hidden' : 'absent';
  if (entry.start !== start) return 'another';
  return entry.hasEnded ? 'zombie' : 'alive';
}

function withoutOffspring(gone: readonly Evidence[]): Evidence[] {
  const scan = ProcessScan.make();
  return gone.filter(
    (one) => scan.carriersOf(one).length === 0 && !scan.mayHideOffspringOf({ start: one.processStart }),
  );
}
