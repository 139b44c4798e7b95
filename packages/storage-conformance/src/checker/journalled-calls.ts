import { OrchestratorError, type Orchestrator } from '@agent-orchestrator/core';
import type { CallName, Calls, JournalLine } from '@agent-orchestrator/core/journal';

export interface JournalledCallsOptions {
  readonly orchestrator: Orchestrator;
  /** Keeps a line. It must be on the disk when this returns. */
  readonly write: (line: JournalLine) => void;
  /** The worker's wall clock, in milliseconds. */
  readonly now: () => number;
}

/** Sends calls to an orchestrator and keeps a journal of them. */
export class JournalledCalls {
  readonly #options: JournalledCallsOptions;
  #calls = 0;

  constructor(options: JournalledCallsOptions) {
    this.#options = options;
  }

  /** @throws what the orchestrator throws, once it is written down */
  async call<C extends CallName>(command: C, request: Calls[C]['request']): Promise<Calls[C]['reply']> {
    const { orchestrator, write, now } = this.#options;
    const call = (this.#calls += 1);
    write({ is: 'sent', call, command, request, at: now() } as JournalLine);
    try {
      const reply = await SENDERS[command](orchestrator, request);
      write({ is: 'answered', call, reply, at: now() });
      return reply;
    } catch (error) {
      const code = error instanceof OrchestratorError ? error.code : null;
      write({ is: 'threw', call, code, message: error instanceof Error ? error.message : String(error), at: now() });
      throw error;
    }
  }
}

const SENDERS: {
  readonly [C in CallName]: (orchestrator: Orchestrator, request: Calls[C]['request']) => Promise<Calls[C]['reply']>;
} = {
  enqueue: async (orchestrator, { tasks, ...addressed }) => orchestrator.enqueueTasks(tasks, addressed),
  claim: async (orchestrator, request) => orchestrator.claimTasks(request),
  heartbeat: async (orchestrator, request) => orchestrator.heartbeat(request),
  checkpoint: async (orchestrator, request) => orchestrator.checkpoint(request),
  release: async (orchestrator, request) => orchestrator.releaseTask(request),
  recover: async (orchestrator, request) => orchestrator.staleRecovery(request),
  cancel: async (orchestrator, request) => orchestrator.cancelTask(request),
  retry: async (orchestrator, request) => orchestrator.retryTask(request),
  close: async (orchestrator, request) => orchestrator.closeSession(request),
};
