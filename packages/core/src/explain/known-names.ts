/**
 * Whether any agent has a name or a role. Tasks can be for names and roles that none has: that is allowed, and shown.
 */
import { refusalOf } from '../commands/admission.ts';
import { OTHER_AGENTS } from '../model/agent.ts';
import type { Task } from '../model/task.ts';
import type { Reader } from '../storage/storage.ts';
import { entriesFor } from './preview-claim.ts';

/**
 * Whether a name is one that works here: it is registered and not retired, or it holds a session now. Of a name that is
 * not registered and holds nothing, nothing is known.
 */
export async function isAgentKnown(reader: Reader, namespace: string, name: string): Promise<boolean> {
  const agent = await reader.agent(namespace, name);
  if (agent !== null && agent.status !== 'retired') return true;
  const { items } = await reader.sessions({ namespace, status: ['running'], agent: name, limit: 1 });
  return items.length > 0;
}

/** Whether a registered agent that is not retired has the role. */
export async function isRoleKnown(reader: Reader, namespace: string, role: string): Promise<boolean> {
  const { items } = await reader.agents({ namespace, role, status: ['active', 'draining'], limit: 1 });
  return items.length > 0;
}

/** Whether a task is for a name or a role that no agent has, in a namespace where agents are registered. */
export async function isForUnknown(
  reader: Reader,
  { namespace, assignee, role }: Pick<Task, 'namespace' | 'assignee' | 'role'>,
): Promise<boolean> {
  if (assignee === null && role === null) return false;
  const { items } = await reader.agents({ namespace, after: OTHER_AGENTS, limit: 1 });
  if (items.length === 0) return false;
  if (assignee !== null) return !(await isAgentKnown(reader, namespace, assignee));
  return role !== null && !(await isRoleKnown(reader, namespace, role));
}

/** Whether a task is for one agent alone, and the registry lets that one claim nothing. */
export async function isForRefused(
  reader: Reader,
  { namespace, assignee }: Pick<Task, 'namespace' | 'assignee'>,
): Promise<boolean> {
  if (assignee === null) return false;
  return refusalOf({ agent: assignee }, await entriesFor(reader, namespace, assignee)) !== null;
}
