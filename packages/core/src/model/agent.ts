import { fromJsonText, type JsonText } from './json.ts';
import { compareCodePoints } from './text.ts';

/** `draining`: it finishes what it holds, and claims nothing more. `retired`: its name may not claim any more. */
export type AgentStatus = 'active' | 'draining' | 'retired';

/** All of them, in the order of an agent's life. */
export const AGENT_STATUS_NAMES = ['active', 'draining', 'retired'] as const satisfies readonly AgentStatus[];

/**
 * An entry of the registry: what a name may do in its namespace. Times are milliseconds since 1970, UTC. No claim and
 * no heartbeat changes it, so agents never wait for each other here.
 */
export interface Agent {
  readonly namespace: string;
  readonly name: string;
  readonly status: AgentStatus;
  /** A JSON array of names, each once, by code point. */
  readonly roles: JsonText;
  /** The machine that it runs on, as the registration said. */
  readonly machine: string | null;
  /** 1: a person; 0: a program. */
  readonly human: number;
  /** The Ed25519 key that its verdicts are signed with: the public half, as base64url of its 32 bytes; null: none. */
  readonly publicKey: string | null;
  /** Of `OTHER_AGENTS`: the roles whose verdicts must be signed, in the form of `roles`. Of the others: none. */
  readonly signedRoles: JsonText;
  /** Number and hash of the agent's last event: the end of its chain. */
  readonly seq: number;
  readonly hash: string;
  /** Grows with each change of the row. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The columns of an agent that change without an event. */
export const UNLOGGED_AGENT_FIELDS = ['version'] as const satisfies readonly (keyof Agent)[];

/** The columns that no event changes. */
export const FIXED_AGENT_FIELDS = ['namespace', 'name', 'createdAt'] as const satisfies readonly (keyof Agent)[];

/**
 * The entry for every name that has none of its own: `retired` means that only registered agents may claim. It is no
 * name that an agent can have, and it comes before all of those.
 */
export const OTHER_AGENTS = '*';

/** Which names may claim in a namespace. */
export type AgentPolicy = 'any' | 'registered_only';

/** All of them. */
export const AGENT_POLICIES = ['any', 'registered_only'] as const satisfies readonly AgentPolicy[];

/** The policy that the entry `OTHER_AGENTS` of a namespace means; null: there is no entry. */
export function policyOf(others: Pick<Agent, 'status'> | null): AgentPolicy {
  return others?.status === 'retired' ? 'registered_only' : 'any';
}

/** The roles of an agent. */
export function rolesOf(agent: Pick<Agent, 'roles'>): readonly string[] {
  return fromJsonText(agent.roles) as readonly string[];
}

/** The roles of a namespace whose verdicts must be signed, by its entry `OTHER_AGENTS`; null: there is no entry. */
export function signedRolesOf(others: Pick<Agent, 'signedRoles'> | null): readonly string[] {
  return others === null ? [] : (fromJsonText(others.signedRoles) as readonly string[]);
}

/** The text of some roles: the same for the same roles, in whatever order they are given. */
export function rolesText(roles: readonly string[]): JsonText {
  return JSON.stringify([...new Set(roles)].toSorted(compareCodePoints));
}
