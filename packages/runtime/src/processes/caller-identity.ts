import { fenceOf, fields } from '@agent-orchestrator/core';
import { defaultAgent } from '../system/default-agent.ts';
import { isSet, type Environment } from '../system/environment.ts';
import { ancestorsOf, type Ancestor } from './ancestors.ts';
import { fencesOf, registeredHost, type RegisteredHost } from './host-registry.ts';

/**
 * Who is asking. It only decides what is called "you" on a screen: it proves nothing, and no command finds a lease by
 * it.
 */
export type CallerIdentity = CallerOfRun | CallerOfHost | CallerOfShell;

/**
 * A program that works under a lease: `run` set the variables for it, or a shell evaluated `claim --env`, or set the
 * token alone.
 */
export interface CallerOfRun {
  readonly by: 'run';
  /** null: the token stands alone. */
  readonly agent: string | null;
  readonly instance: string | null;
  /** Of the token in its environment, whose lease may be over. */
  readonly fence: number;
  readonly sessionId: string | null;
}

/** A program that an agent host started: a hook, a server of tools, a command of its shell. */
export interface CallerOfHost {
  readonly by: 'host';
  /** The one that the caller names, else the one that lives in the host. */
  readonly agent: string | null;
  readonly instance: string | null;
  /** The name under which the host was registered. */
  readonly host: string;
  /** Its process: the nearest ancestor that is a registered host. */
  readonly process: Ancestor;
  /** The conversation of the host, if the call or the registration tells it. It proves nothing. */
  readonly conversation: string | null;
  /** Of the leases that the process of the host holds. */
  readonly fences: readonly number[];
}

/** A person or a script. */
export interface CallerOfShell {
  readonly by: 'shell';
  readonly agent: string | null;
  readonly instance: string | null;
  /** The process that called, where it is known. */
  readonly process: Ancestor | null;
}

export interface AskedBy {
  /** The agent and the run of it that the caller names itself, by a flag, a variable or its configuration. */
  readonly agent?: string | null | undefined;
  readonly instance?: string | null | undefined;
  /** The conversation that the host names with the very call. Variables of a server can name an earlier one. */
  readonly conversation?: string | null | undefined;
  readonly env?: Environment;
  /** The nearest first. By default those of this process. */
  readonly ancestors?: () => readonly Ancestor[];
  /** What is known of a process that is a host. By default as it was registered. */
  readonly registered?: (
    ancestor: Ancestor,
  ) => Pick<RegisteredHost, 'name' | 'agent' | 'conversation' | 'folder'> | null;
}

/**
 * The token in the environment, with what `run` set; else the nearest registered agent host among the ancestors; else
 * the shell. It is looked up at each call: a process can outlive the one that started it, and a server of a host can
 * start before the hook that registers the host.
 */
export function callerIdentity({
  agent = null,
  instance = null,
  conversation = null,
  env = process.env,
  ancestors = ancestorsOf,
  registered = registeredHost,
}: AskedBy = {}): CallerIdentity {
  const ofRun = callerOfRun(env);
  if (ofRun !== null) return ofRun;
  const above = ancestors();
  for (const ancestor of above) {
    const host = registered(ancestor);
    if (host === null) continue;
    const { name, agent: inhabitant, conversation: current } = host;
    const more = { conversation: conversation ?? current, fences: fencesOf(host) };
    return { by: 'host', agent: agent ?? inhabitant, instance, host: name, process: ancestor, ...more };
  }
  return { by: 'shell', agent: agent ?? defaultAgent(), instance, process: above[0] ?? null };
}

/** A lease, or an event that names one. */
export interface HeldBy {
  readonly agent: string | null;
  readonly instance?: string | null;
  readonly fence: number | null;
}

/**
 * Whether a lease is the caller's own, to call its holder "you". With a token it is the very lease of the token: other
 * runs of the same agent are others. In a host it is what the process of the host holds. Elsewhere both must name the
 * same run of the same agent. The name of the agent alone tells nothing: several people and programs may work under it.
 */
export function isHeldByCaller(caller: CallerIdentity | null, { agent, instance = null, fence }: HeldBy): boolean {
  if (caller === null) return false;
  if (caller.by === 'run') return fence === caller.fence && (caller.agent === null || agent === caller.agent);
  if (caller.by === 'host' && fence !== null && caller.fences.includes(fence)) return true;
  return agent !== null && agent === caller.agent && instance !== null && instance === caller.instance;
}

function callerOfRun(env: Environment): CallerOfRun | null {
  const { ORCHESTRATOR_TOKEN: token, ORCHESTRATOR_AGENT: agent } = env;
  const { ORCHESTRATOR_INSTANCE: instance, ORCHESTRATOR_SESSION: sessionId } = env;
  if (!fields.token.safeParse(token).success || token === undefined) return null;
  return {
    by: 'run',
    agent: isSet(agent) ? agent : null,
    instance: isSet(instance) ? instance : null,
    fence: fenceOf(token),
    sessionId: isSet(sessionId) ? sessionId : null,
  };
}
