import { AgentTallies, type AgentTally } from '../fold/agent-tallies.ts';
import { endOf, EVER } from '../fold/lease-history.ts';
import type { StoreHistory } from '../fold/store-history.ts';
import type { PageReads, Query } from './page-reads.ts';
import { leaseRow, type LeaseRow } from './rows.ts';

/** What can be said of an agent from its leases and events. */
export interface AgentRow extends AgentTally {
  readonly name: string;
  /** As the registry has it; null: it is not registered, or this is the past. */
  readonly status: string | null;
  readonly roles: readonly string[];
  readonly lastSeenAt: number | null;
  /** The first of its leases that are held; `heldCount` is of all. */
  readonly holds: readonly LeaseRow[];
  readonly heldCount: number;
}

export interface AgentsAnswer {
  /** Those that hold something, then the others; of both, the one that was seen last is first. */
  readonly rows: readonly AgentRow[];
  /** So many others come after them: there are too many for a row each. */
  readonly leftOut: number;
}

/** A store may have seen thousands of agents: each run may have a name of its own. */
const ROWS_MAX = 200;

const REGISTERED_MAX = 500;
const HOLDS_MAX = 5;

/** All agents that were ever seen: whether each can be relied on. */
export async function readAgents({ orchestrator, follower }: PageReads, { moment }: Query): Promise<AgentsAnswer> {
  const { history } = follower;
  const { events, leases, names } = history;
  const registered = moment.isPast ? [] : (await orchestrator.listAgents({ limit: REGISTERED_MAX })).items;
  const rows = new Map<string, AgentRow>();
  const change = (name: string, fields: Partial<AgentRow>) =>
    rows.set(name, { ...(rows.get(name) ?? { ...NOTHING, name }), ...fields });
  for (const [agent, ordinal] of events.agentsSeen(moment.ordinal))
    change(names.textOf(agent) ?? '', { lastSeenAt: events.timeAt(ordinal) });
  for (const { name, status, roles, lastSeenAt } of registered) change(name, { status, roles, lastSeenAt });
  const tallies = moment.isPast ? talliesThen(history, moment.ordinal) : leases.tallies;
  for (const [agent, tally] of tallies.all()) if (agent >= 0) change(names.textOf(agent) ?? '', tally);
  for (const lease of leases.held(moment.ordinal)) {
    const { holds = [], heldCount = 0 } = rows.get(lease.agent ?? '') ?? {};
    const shown = holds.length < HOLDS_MAX ? [...holds, leaseRow(history, lease)] : holds;
    change(lease.agent ?? '', { holds: shown, heldCount: heldCount + 1 });
  }
  const sorted = [...rows.values()].toSorted(
    (a, b) => Number(b.holds.length > 0) - Number(a.holds.length > 0) || (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0),
  );
  return { rows: sorted.slice(0, ROWS_MAX), leftOut: Math.max(0, sorted.length - ROWS_MAX) };
}

/** The same counts, of a moment of the past. */
function talliesThen({ leases, names }: StoreHistory, ordinal: number): AgentTallies {
  const tallies = new AgentTallies();
  for (const lease of leases.between(EVER, ordinal)) {
    const agent = names.knownNumberOf(lease.agent ?? '');
    const end = endOf(lease);
    tallies.granted(agent);
    if (end !== 'running') tallies.ended(agent, end, (lease.until ?? lease.from) - lease.from);
    if (lease.refusedAt !== null) tallies.refused(agent);
  }
  return tallies;
}

const NOTHING = {
  status: null,
  roles: [],
  lastSeenAt: null,
  holds: [],
  heldCount: 0,
  leases: 0,
  succeeded: 0,
  failed: 0,
  interrupted: 0,
  refused: 0,
  medianMs: null,
} as const satisfies Omit<AgentRow, 'name'>;
