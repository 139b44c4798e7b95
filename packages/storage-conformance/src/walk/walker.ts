import {
  isReturnDue,
  LIMITS,
  Orchestrator,
  OrchestratorError,
  type ClaimRecord,
  type Json,
  type Storage,
} from '@agent-orchestrator/core';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect } from 'vitest';
import { readAll, type Everything } from '../everything.ts';
import {
  commandIdAt,
  evidenceAgainst,
  inventedToken,
  seedNumber,
  type ClaimCall,
  type TaskCall,
} from '../factories.ts';
import type { Opened } from '../target.ts';
import { startedProcess, type ProcessClock } from '../test-clock.ts';
import type { CommandStep, TaskEnd, Holder, Met, Sender, Step } from './step.ts';
import { withoutGiven } from './without-given.ts';

/** How far the clocks of processes are ahead of the machine's: more than ids of commands may be, and less. */
const AHEAD_MS: Readonly<Record<Sender['clock'], number>> = { right: 0, ahead: 7_200_000, behind: -1_800_000 };

/** What makes a command the same when it is sent again. */
interface Identity {
  readonly commandId: string;
  readonly seed: string;
}

/** A command that was sent, to be sent again. */
interface Sent {
  readonly send: (orchestrator: Orchestrator, identity: Identity) => Promise<unknown>;
  readonly other: (orchestrator: Orchestrator, identity: Identity) => Promise<unknown>;
  readonly identity: Identity;
}

/**
 * Walks a storage and the model side by side, with one clock, the same command ids and the same seeds, and compares
 * them after each step.
 */
export class Walker {
  readonly #opened: Opened;
  readonly #model: Storage;
  readonly #tested: readonly [Orchestrator, Orchestrator];
  readonly #modelled: readonly [Orchestrator, Orchestrator];
  readonly #leases: ClaimRecord[] = [];
  readonly #tasks: { namespace: string; id: string; sessionId: string }[] = [];
  readonly #sent: Sent[] = [];
  readonly #processes = new Map<Sender['clock'], ProcessClock>();
  #commands = 0;

  constructor(opened: Opened) {
    this.#opened = opened;
    this.#model = openMemoryStorage({ clock: opened.clock });
    this.#tested = [orchestratorOn(opened.storage), orchestratorOn(opened.peer)];
    // Each process remembers roles of its own: a claim by others takes one more unit of work, and its turn comes later.
    this.#modelled = [orchestratorOn(this.#model), orchestratorOn(this.#model)];
  }

  async step(step: Step): Promise<void> {
    switch (step.is) {
      case 'advance':
        return this.#opened.clock.advance(step.ms);
      case 'set_wall':
        // No clock stands before 1970.
        return this.#opened.clock.setWall(Math.max(step.ms, -this.#opened.clock.read().wall));
      case 'sleep':
        return this.#opened.clock.sleep(step.ms);
      case 'reboot':
        return this.#opened.clock.reboot(step.ms);
      case 'together':
        await this.#settle();
        return this.#commandsAtOnce(step.commands);
      default:
        return this.#as(step.sender, () => this.#commandsAtOnce([step]));
    }
  }

  /** Without a sender, the process does not watch its clock: every difference counts as a jump. */
  async #as(sender: Sender | undefined, act: () => Promise<void>): Promise<void> {
    if (sender === undefined) return act();
    const { clock, started } = sender;
    const known = started ? undefined : this.#processes.get(clock);
    const process = known ?? startedProcess(AHEAD_MS[clock]);
    this.#processes.set(clock, process);
    return this.#opened.clock.as(process, act);
  }

  /**
   * A command that finds something due takes several units of work, and where those of other commands of its turn come
   * between them is not promised. So what is due is done before, by a command of its own.
   */
  async #settle(): Promise<void> {
    for (const namespace of await this.#model.read.namespaces()) {
      const { items } = await this.#model.read.tasks({ namespace, handedOff: true, limit: LIMITS.page_max });
      if (items.some((task) => isReturnDue(task, this.#opened.clock.now)))
        await this.#commandsAtOnce([{ is: 'recover', peer: false, namespace, limit: 1, evidence: undefined }]);
    }
  }

  /** Sends the commands to both, and expects the same answers, the same rows and the same log. */
  async #commandsAtOnce(steps: readonly CommandStep[]): Promise<void> {
    const prepared = steps.map((step) => ({ step, ...this.#prepare(step) }));
    const sendTo = ([first, peer]: readonly [Orchestrator, Orchestrator]) =>
      Promise.all(prepared.map(({ step, send, identity }) => outcomeOf(send(step.peer ? peer : first, identity))));
    const tested = await sendTo(this.#tested);
    const modelled = await sendTo(this.#modelled);

    assertAlike(tested, modelled);
    const [state, model] = [await readAll(this.#opened.peer), await readAll(this.#model)];
    assertAlike(state, model);
    this.#remember(model, modelled);
  }

  #prepare(step: CommandStep): Sent {
    if (step.is === 'resend' || step.is === 'reuse') {
      const sent = pick(this.#sent, step.sent);
      if (sent === undefined) return this.#prepare({ is: 'cancel', peer: step.peer, task: 0 });
      return step.is === 'resend' ? sent : { ...sent, send: sent.other };
    }
    this.#commands += 1;
    const commandId = commandIdAt(this.#opened.clock.now, this.#commands);
    const identity = { commandId, seed: seedNumber(this.#commands) };
    const sent: Sent = {
      send: this.#call(step),
      other: async (orchestrator, { commandId: id }) => orchestrator.enqueueTask({ commandId: id, title: 'reused' }),
      identity,
    };
    if (step.is !== 'heartbeat') this.#sent.push(sent);
    return sent;
  }

  #call(step: Exclude<CommandStep, { is: 'resend' | 'reuse' }>): Sent['send'] {
    switch (step.is) {
      case 'enqueue': {
        const { namespace } = step;
        const tasks = this.#newTasks(step);
        return (orchestrator, { commandId }) => orchestrator.enqueueTasks(tasks, { namespace, commandId });
      }
      case 'claim': {
        const call = this.#claimCall(step);
        return (orchestrator, identity) => orchestrator.claimTasks({ ...call, limit: step.limit, ...identity });
      }
      case 'heartbeat': {
        const call = { ...this.#holder(step.lease), instance: step.instance, progress: step.progress };
        return (orchestrator) => orchestrator.heartbeat(call);
      }
      case 'checkpoint': {
        const call = { ...this.#holder(step.lease), turn: step.turn, data: step.data };
        return (orchestrator, { commandId }) => orchestrator.checkpoint({ ...call, commandId });
      }
      case 'release': {
        const { end, next } = step;
        const call = { ...this.#holder(end.lease), ...this.#endOf(end), ...(next && { claimNext: next }) };
        return (orchestrator, identity) => orchestrator.releaseTask({ ...call, ...identity });
      }
      case 'release_batch': {
        const { items, namespace } = this.#batch(step.ends);
        const claimNext = step.next;
        return (orchestrator, identity) => orchestrator.releaseTasks(items, { namespace, claimNext, ...identity });
      }
      case 'recover': {
        const { namespace, limit } = step;
        const evidence = this.#evidence(step.evidence);
        return (orchestrator, { commandId }) => orchestrator.staleRecovery({ namespace, limit, evidence, commandId });
      }
      case 'cancel': {
        const { namespace, id: taskId } = this.#task(step.task);
        return (orchestrator, { commandId }) => orchestrator.cancelTask({ namespace, taskId, commandId });
      }
      case 'retry': {
        const { namespace, id: taskId } = this.#task(step.task);
        return (orchestrator, { commandId }) => orchestrator.retryTask({ namespace, taskId, commandId });
      }
      case 'answer': {
        const { namespace, id: taskId } = this.#task(step.task);
        const askedAt = step.guarded ? Math.floor(this.#opened.clock.now) : undefined;
        const call = { namespace, taskId, answer: `answer of ${step.agent}`, agent: step.agent, askedAt };
        return (orchestrator, { commandId }) => orchestrator.answerTask({ ...call, commandId });
      }
      case 'close': {
        const { namespace, sessionId } = this.#task(step.session);
        const { cancelTasks } = step;
        return (orchestrator, { commandId }) =>
          orchestrator.closeSession({ namespace, sessionId, cancelTasks, commandId });
      }
      case 'register':
      case 'drain':
      case 'retire':
      case 'policy':
        return registryCall(step);
    }
  }

  #newTasks({ tasks, namespace, after = [], policy }: Extract<CommandStep, { is: 'enqueue' }>): TaskCall[] {
    const dependsOn = this.#idsIn(namespace, after);
    const waits = { dependsOn, onDependencyFailure: policy };
    return tasks.map((task, at) => (at === 0 && dependsOn.length > 0 ? { ...task, ...waits } : task));
  }

  #idsIn(namespace: string, met: readonly Met[]): string[] {
    const found = met.map((one) => this.#task(one)).filter((one) => one.namespace === namespace);
    return found.map(({ id }) => id).filter((id) => id !== 'none');
  }

  #claimCall({ call, namespace, session, evidence }: Extract<CommandStep, { is: 'claim' }>): ClaimCall {
    if (session === undefined) return { ...call, namespace, evidence: this.#evidence(evidence) };
    const task = this.#task(session);
    return { ...call, namespace: task.namespace, sessionId: task.sessionId, evidence: this.#evidence(evidence) };
  }

  #evidence(met: Met | undefined) {
    const claim = met === undefined ? undefined : pick(this.#leases, met);
    const process = { host: 'machine-1', boot: 'boot-1', pid: 1, start: '1' };
    return claim === undefined ? [] : [evidenceAgainst(claim, process)];
  }

  #holder({ met, knowsSecret }: Holder): { namespace: string; token: string } {
    const claim = pick(this.#leases, met);
    if (claim === undefined) return { namespace: 'default', token: inventedToken(1) };
    const { task, lease } = claim;
    return { namespace: task.namespace, token: knowsSecret ? lease.token : inventedToken(lease.fence) };
  }

  /** A review ends with a verdict, most of the time. */
  #endOf(end: TaskEnd) {
    const isReview = (pick(this.#leases, end.lease.met)?.task.reviewOf ?? null) !== null;
    if (isReview && end.outcome === 'succeeded') return { outcome: 'approved' as const };
    if (isReview && end.outcome === 'cancelled') return { outcome: 'changes_requested' as const, note: 'once more' };
    if (end.outcome !== 'waiting') return releaseOf(end);
    const on = this.#idsIn(this.#holder(end.lease).namespace, end.on ?? []);
    if (on.length === 0) return releaseOf(end);
    const waits = { on, onDependencyFailure: end.policy };
    return end.final ? { ...releaseOf(end), ...waits } : { outcome: end.outcome, ...waits };
  }

  /** Each lease once: a batch that names one twice is malformed. */
  #batch(ends: readonly TaskEnd[]) {
    const named = ends.map((end) => ({ ...this.#holder(end.lease), end }));
    const items = [...new Map(named.map(({ token, end }) => [token, { token, ...this.#endOf(end) }])).values()];
    return { items, namespace: named[0]?.namespace ?? 'default' };
  }

  #task(met: Met): { namespace: string; id: string; sessionId: string } {
    return pick(this.#tasks, met) ?? { namespace: 'default', id: 'none', sessionId: 'none' };
  }

  #remember({ tasks }: Everything, outcomes: readonly unknown[]): void {
    const known = new Set(this.#tasks.map(({ namespace, id }) => `${namespace} ${id}`));
    this.#tasks.push(...tasks.filter(({ namespace, id }) => !known.has(`${namespace} ${id}`)));
    for (const claim of claimsIn(outcomes)) this.#leases.push(claim);
  }

  async close(): Promise<void> {
    await this.#model.close();
  }
}

/** A call about the registry of agents. */
function registryCall(step: Extract<CommandStep, { is: 'register' | 'drain' | 'retire' | 'policy' }>): Sent['send'] {
  switch (step.is) {
    case 'register': {
      const { namespace, agent, human } = step;
      const roles = step.roles && [...step.roles];
      return (orchestrator, { commandId }) => orchestrator.registerAgent({ namespace, agent, roles, human, commandId });
    }
    case 'drain': {
      const { namespace, agent } = step;
      return (orchestrator, { commandId }) => orchestrator.drainAgent({ namespace, agent, commandId });
    }
    case 'retire': {
      const { namespace, agent } = step;
      return (orchestrator, { commandId }) => orchestrator.retireAgent({ namespace, agent, commandId });
    }
    case 'policy': {
      const { namespace, agents } = step;
      return (orchestrator, { commandId }) => orchestrator.setAgentPolicy({ namespace, agents, commandId });
    }
  }
}

function orchestratorOn(storage: Storage): Orchestrator {
  return new Orchestrator({
    storage,
    newCommandId: () => {
      throw new Error('every command has its id from the walk');
    },
    newSeed: () => {
      throw new Error('every claim has its seed from the walk');
    },
  });
}

function assertAlike(tested: unknown, modelled: unknown): void {
  expect(withoutGiven(tested), 'what the storage says, beside the model').toEqual(withoutGiven(modelled));
}

/** What comes last is met most: a walk is about what it has just done. */
function pick<T>(items: readonly T[], met: Met): T | undefined {
  return items.length === 0 ? undefined : items[items.length - 1 - (met % items.length)];
}

/** An answer as it is, or the code of what was thrown. */
async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof OrchestratorError) return { thrown: error.code, field: error.field };
    throw error;
  }
}

function releaseOf({ outcome, final, to, byMs }: TaskEnd) {
  const data: Json = { final };
  return {
    outcome,
    ...(outcome === 'succeeded' && { result: data }),
    ...(outcome === 'failed' && { final, error: { message: 'failed', data } }),
    ...(outcome === 'waiting' && { ask: { question: 'which?', to: final ? { agent: to } : { role: 'reviewer' } } }),
    ...(outcome === 'handed_off' && { to: final ? { agent: to } : { role: 'reviewer' }, note: 'over to you', byMs }),
  };
}

/** Every lease in the answers, wherever it is in them. */
function claimsIn(value: unknown): ClaimRecord[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('lease' in value && 'takeover' in value) return [value as ClaimRecord];
  return Object.values(value).flatMap(claimsIn);
}
