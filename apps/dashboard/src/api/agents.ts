import { endOf } from '../fold/lease-history.ts';
import type { StoreHistory } from '../fold/store-history.ts';
import type { Moment, PageReads, Query } from './page-reads.ts';
import { leaseRow, type LeaseRow } from './rows.ts';

/** What can be said of an agent from its leases and events. */
export interface AgentRow {
  readonly name: string;
  /** As the registry has it; null: it is not registered, or this is the past. */
  readonly status: string | null;
  readonly roles: readonly string[];
  readonly lastSeenAt: number | null;
  readonly holds: readonly LeaseRow[];
  readonly leases: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly interrupted: number;
  readonly refused: number;
  /** The middle one of its ended leases, in milliseconds. */
  readonly medianMs: number | null;
}

export interface AgentsAnswer {
  readonly rows: readonly AgentRow[];
}

const REGISTERED_MAX = 500;
const HOLDS_MAX = 5;

/** All agents that were ever seen: whether each can be relied on. */
export async function readAgents({ orchestrator, follower }: PageReads, { moment }: Query): Promise<AgentsAnswer> {
  const { history } = follower;
  const registered = moment.isPast ? [] : (await orchestrator.listAgents({ limit: REGISTERED_MAX })).items;
  const seen = lastSeen(history, moment);
  const rows = new Map<string, AgentRow>();
  const durations = new Map<string, number[]>();
  const rowOf = (name: string): AgentRow => rows.get(name) ?? { ...NOTHING, name, lastSeenAt: seen.get(name) ?? null };
  for (const name of seen.keys()) rows.set(name, rowOf(name));
  for (const { name, status, roles, lastSeenAt } of registered)
    rows.set(name, { ...rowOf(name), status, roles, lastSeenAt });
  for (const lease of history.leases.between(0, Number.MAX_SAFE_INTEGER, moment.ordinal)) {
    if (lease.agent === null) continue;
    const row = rowOf(lease.agent);
    const end = endOf(lease);
    rows.set(lease.agent, {
      ...row,
      holds: end === 'running' && row.holds.length < HOLDS_MAX ? [...row.holds, leaseRow(history, lease)] : row.holds,
      leases: row.leases + 1,
      succeeded: row.succeeded + Number(end === 'succeeded'),
      failed: row.failed + Number(end === 'failed'),
      interrupted: row.interrupted + Number(end === 'interrupted'),
      refused: row.refused + Number(lease.refusedAt !== null),
    });
    if (lease.until === null) continue;
    const known = durations.get(lease.agent) ?? [];
    durations.set(lease.agent, known);
    known.push(lease.until - lease.from);
  }
  const sorted = [...rows.values()].toSorted((a, b) => (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0));
  return { rows: sorted.map((row) => ({ ...row, medianMs: medianOf(durations.get(row.name) ?? []) })) };
}

const NOTHING = {
  status: null,
  roles: [],
  lastSeenAt: null,
  holds: [],
  leases: 0,
  succeeded: 0,
  failed: 0,
  interrupted: 0,
  refused: 0,
  medianMs: null,
} as const satisfies Omit<AgentRow, 'name'>;

/** When each agent last did something that the log has. */
function lastSeen({ events, names }: StoreHistory, { ordinal }: Moment): ReadonlyMap<string, number> {
  const seen = new Map<number, number>();
  for (let one = 1; one <= ordinal; one += 1) if (events.agentAt(one) >= 0) seen.set(events.agentAt(one), one);
  return new Map([...seen].map(([agent, one]) => [names.textOf(agent) ?? '', events.timeAt(one)]));
}

function medianOf(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;
}
