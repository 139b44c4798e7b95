import { fenceOf, fields, type ProcessIdentity } from '@agent-orchestrator/core';
import { defaultAgent } from '../system/default-agent.ts';
import { isSet, type Environment } from '../system/environment.ts';
import { seesOwnProcesses } from './own-process.ts';
import { programOf, readProcess, readProcessStatus } from './process-table.ts';

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

/** A program that an agent host started, such as a hook. */
export interface CallerOfHost {
  readonly by: 'host';
  readonly agent: string | null;
  readonly instance: string | null;
  /** The name under which the host was registered. */
  readonly host: string;
  /** Its process: the nearest ancestor that is a registered host. */
  readonly process: Ancestor;
}

/** A person or a script. */
export interface CallerOfShell {
  readonly by: 'shell';
  readonly agent: string | null;
  readonly instance: string | null;
  /** The process that called, where it is known. */
  readonly process: Ancestor | null;
}

/** A living process above this one. With its start, the pid names one process for ever. */
export interface Ancestor extends Pick<ProcessIdentity, 'pid' | 'start'> {
  /** The file name of its program. */
  readonly program: string;
}

/** A program in which agents live, and how its process is told. */
export interface AgentHost {
  readonly name: string;
  readonly isHost: (ancestor: Ancestor) => boolean;
}

export interface AskedBy {
  /** The agent and the run of it that the caller names itself, by a flag, a variable or its configuration. */
  readonly agent?: string | null | undefined;
  readonly instance?: string | null | undefined;
  readonly env?: Environment;
  /** The nearest first. By default those of this process. */
  readonly ancestors?: () => readonly Ancestor[];
}

const hosts = new Map<string, AgentHost>();

/** Registers a host for this process. @returns takes it back */
export function registerAgentHost(host: AgentHost): () => void {
  hosts.set(host.name, host);
  return () => {
    if (hosts.get(host.name) === host) hosts.delete(host.name);
  };
}

/**
 * The token in the environment, with what `run` set; else the nearest registered agent host among the ancestors; else
 * the shell. It is looked up at each call: a process can outlive the one that started it.
 */
export function callerIdentity({
  agent = null,
  instance = null,
  env = process.env,
  ancestors = ownAncestors,
}: AskedBy = {}): CallerIdentity {
  const ofRun = callerOfRun(env);
  if (ofRun !== null) return ofRun;
  const above = ancestors();
  for (const ancestor of above)
    for (const { name, isHost } of hosts.values())
      if (isHost(ancestor)) return { by: 'host', agent, instance, host: name, process: ancestor };
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
 * runs of the same agent are others. Elsewhere both must name the same run of the same agent. The name of the agent
 * alone tells nothing: several people and programs may work under it.
 */
export function isHeldByCaller(caller: CallerIdentity | null, { agent, instance = null, fence }: HeldBy): boolean {
  if (caller === null) return false;
  if (caller.by === 'run') return fence === caller.fence && (caller.agent === null || agent === caller.agent);
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

/** More are not looked at: a table that changes meanwhile could lead in a circle. */
const ANCESTORS_MAX = 64;

/** The processes above this one, the nearest first, as far as they are seen. */
export function ownAncestors(): Ancestor[] {
  const found: Ancestor[] = [];
  if (!seesOwnProcesses()) return found;
  let pid = process.ppid;
  while (pid > 0 && found.length < ANCESTORS_MAX) {
    const entry = readProcess(pid);
    if (entry === null) break;
    found.push({ pid, start: entry.start, program: programOf(entry) });
    pid = Number(readProcessStatus(pid, 'PPid')?.[0] ?? 0);
  }
  return found;
}
