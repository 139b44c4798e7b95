/**
 * What the registry says of the agent that asks for a lease: whether it may claim at all, and for which roles. Every
 * command that grants leases asks this.
 */
import { OTHER_AGENTS, policyOf, rolesOf, type Agent } from '../model/agent.ts';
import { OrchestratorError } from '../model/errors.ts';

/** Why the registry lets an agent claim nothing. */
export interface AgentRefusal {
  readonly ok: false;
  /** `agent_unregistered`: the namespace says that only registered agents claim. */
  readonly reason: 'agent_draining' | 'agent_retired' | 'agent_unregistered';
  readonly agent: string;
}

/** Who asks for leases, and the roles that it says it has. */
export interface Asking {
  readonly agent: string;
  readonly roles: readonly string[];
}

/** The entries of the registry that tell whether an agent may claim. */
export function entriesOf({ agent }: Pick<Asking, 'agent'>): readonly string[] {
  return [agent, OTHER_AGENTS];
}

/** The roles for which heads are looked up: those that the caller names, or all that the registry gives. */
export function rolesToAsk({ roles }: Asking, registered: readonly string[]): readonly string[] {
  return roles.length > 0 ? roles : registered;
}

/** Whether the agent may claim now; null: it may. */
export function refusalOf({ agent }: Pick<Asking, 'agent'>, agents: readonly Agent[]): AgentRefusal | null {
  const status = entryOf(agent, agents)?.status;
  if (status === 'draining') return { ok: false, reason: 'agent_draining', agent };
  if (status === 'retired') return { ok: false, reason: 'agent_retired', agent };
  if (status !== undefined || policyOf(entryOf(OTHER_AGENTS, agents)) === 'any') return null;
  return { ok: false, reason: 'agent_unregistered', agent };
}

/**
 * The claimant with the roles that it claims for: the caller narrows what the registry gives, and never widens it. An
 * agent that is not registered has the roles that it says.
 */
export function withRoles<Of extends Asking>(claimant: Of, agents: readonly Agent[]): Of {
  const entry = entryOf(claimant.agent, agents);
  return entry === null ? claimant : { ...claimant, roles: [...rolesToAsk(claimant, rolesOf(entry))] };
}

/** The first role that the caller names and the registry does not give; null: there is none. */
function roleNotHeld({ agent, roles }: Asking, agents: readonly Agent[]): string | null {
  const entry = entryOf(agent, agents);
  if (entry === null) return null;
  const held = rolesOf(entry);
  return roles.find((role) => !held.includes(role)) ?? null;
}

/** Whether the registry lets the claimant take anything, as it asks for it. */
export function mayClaim(claimant: Asking, agents: readonly Agent[]): boolean {
  return refusalOf(claimant, agents) === null && roleNotHeld(claimant, agents) === null;
}

/** @throws `ROLE_NOT_HELD` */
export function assertRoles(claimant: Asking, agents: readonly Agent[]): void {
  const role = roleNotHeld(claimant, agents);
  if (role === null) return;
  throw new OrchestratorError('ROLE_NOT_HELD', `Agent ${claimant.agent} is registered without the role ${role}.`, {
    field: 'roles',
  });
}

/**
 * The roles that the scope should have been made of, if it was made of others; null: it is right.
 *
 * @param registered those that it was made of
 */
export function rolesToKnow(
  claimant: Asking | null,
  agents: readonly Agent[],
  registered: readonly string[],
): readonly string[] | null {
  if (claimant === null || claimant.roles.length > 0) return null;
  const entry = entryOf(claimant.agent, agents);
  const roles = entry === null ? [] : rolesOf(entry);
  return roles.length === registered.length && roles.every((role, at) => role === registered[at]) ? null : roles;
}

/** The entry of a name, of those that were loaded. */
export function entryOf(name: string, agents: readonly Agent[]): Agent | null {
  return agents.find((agent) => agent.name === name) ?? null;
}
