import type { ClaimRecord, Orchestrator } from '@agent-orchestrator/core';
import { Changes, isEnded, TASK_STATUS_NAMES } from '@agent-orchestrator/runtime';
import { hashFolder } from './hash-folder.ts';
import { AgentNotes, type Intention } from './agent-notes.ts';

export interface AgentOptions {
  readonly agent: string;
  readonly instance: string;
  /** The agent works on one session for each of these, with a lease of that length in milliseconds. */
  readonly ttlsMs: readonly number[];
  /** Path of its own notes. */
  readonly notes: string;
  /** Whether this is a restart: it then takes back its sessions. */
  readonly restarted: boolean;
  /** A planted fault: do not continue from the checkpoint. */
  readonly startOver: boolean;
}

/** Recovery may act as soon as a lease has expired. */
const STALE_AFTER_MS = 1_000;

/** An agent's process: works on several sessions at once, until every task has ended. */
export async function runAgent(orchestrator: Orchestrator, options: AgentOptions): Promise<void> {
  const before = options.restarted ? AgentNotes.read(options.notes) : [];
  const worker = new Worker(orchestrator, options);
  const resumed = options.restarted ? await worker.resume() : [];
  const stillMine = new Set(resumed.map(({ lease }) => lease.sessionId));
  for (const intention of before) if (!stillMine.has(intention.sessionId)) await worker.finishLate(intention);
  await Promise.all(options.ttlsMs.map((ttlMs, line) => worker.work(ttlMs, resumed[line])));
}

class Worker {
  readonly #orchestrator: Orchestrator;
  readonly #options: AgentOptions;
  readonly #notes: AgentNotes;

  constructor(orchestrator: Orchestrator, options: AgentOptions) {
    this.#orchestrator = orchestrator;
    this.#options = options;
    this.#notes = new AgentNotes(options.notes);
  }

  /** Takes back at once the sessions that the earlier run still holds. */
  async resume(): Promise<readonly ClaimRecord[]> {
    const { ttlsMs } = this.#options;
    const reply = await this.#orchestrator.claimTasks({
      ...this.#lease(Math.min(...ttlsMs)),
      resume: true,
      limit: ttlsMs.length,
    });
    return reply.ok ? reply.claims : [];
  }

  /** The earlier run was killed in the middle of a file. This run tries to save its result. */
  async finishLate({ token, file, position }: Intention): Promise<void> {
    await this.#orchestrator.checkpoint({ token, lastAction: `hashed ${file}`, data: { file, position } });
  }

  /** Does one task after another. */
  async work(ttlMs: number, first: ClaimRecord | undefined): Promise<void> {
    await using changes = await Changes.of(this.#orchestrator);
    let claim = first ?? (await this.#next(ttlMs, changes));
    while (claim !== null) {
      const { sessionId, token } = claim.lease;
      const note = (file: string, position: number) => this.#notes.write({ sessionId, token, file, position });
      await hashFolder(this.#orchestrator, claim, this.#options.startOver, note);
      this.#notes.forget(sessionId);
      claim = await this.#next(ttlMs, changes);
    }
  }

  /** The next task, as soon as there is one; null when every task has ended. */
  async #next(ttlMs: number, changes: Changes): Promise<ClaimRecord | null> {
    for (;;) {
      const claimed = await this.#orchestrator.claimTask(this.#lease(ttlMs));
      if (claimed.ok) return claimed;
      const { tasks } = await this.#orchestrator.counts();
      if (TASK_STATUS_NAMES.every((status) => isEnded(status) || tasks[status] === 0)) return null;
      await changes.wait();
    }
  }

  #lease(ttlMs: number) {
    const { agent, instance } = this.#options;
    return { agent, instance, ttlMs, staleAfterMs: STALE_AFTER_MS };
  }
}
