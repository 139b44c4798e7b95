import { OrchestratorError, type Orchestrator, type ReleasedBatch, type ReleaseTask } from '@agent-orchestrator/core';
import {
  withFence,
  withoutToken,
  type JournaledCallName,
  type Calls,
  type JournalLine,
} from '@agent-orchestrator/core/journal';

export interface JournaledCallsOptions {
  readonly orchestrator: Orchestrator;
  /** Keeps a line. It must be on the disk when this returns. */
  readonly write: (line: JournalLine) => void;
  /** The worker's wall clock, in milliseconds. */
  readonly now: () => number;
}

type Methods = Pick<Orchestrator, 'claimTasks' | 'heartbeat' | 'checkpoint'>;
type Request<Method extends keyof Methods> = Parameters<Methods[Method]>[0];
type Reply<Method extends keyof Methods> = Awaited<ReturnType<Methods[Method]>>;
type Identified = { readonly commandId: string };

/** The calls as they are sent and answered, secrets included. A journal keeps them without (see `Calls`). */
export interface SentCalls extends Omit<Calls, 'claim' | 'heartbeat' | 'checkpoint' | 'release'> {
  claim: { request: Request<'claimTasks'> & Identified & { readonly seed: string }; reply: Reply<'claimTasks'> };
  heartbeat: { request: Request<'heartbeat'>; reply: Reply<'heartbeat'> };
  checkpoint: { request: Request<'checkpoint'> & Identified; reply: Reply<'checkpoint'> };
  release: {
    request: Omit<Calls['release']['request'], 'items'> & {
      readonly items: readonly ReleaseTask[];
      /** Needed with `claimNext`. */
      readonly seed?: string;
    };
    reply: ReleasedBatch;
  };
}

/** Sends calls to an orchestrator and keeps a journal of them, without their secrets. */
export class JournaledCalls {
  readonly #options: JournaledCallsOptions;
  #calls = 0;

  constructor(options: JournaledCallsOptions) {
    this.#options = options;
  }

  /** @throws what the orchestrator throws, once it is written down */
  async call<C extends JournaledCallName>(
    command: C,
    request: SentCalls[C]['request'],
  ): Promise<SentCalls[C]['reply']> {
    const { orchestrator, write, now } = this.#options;
    const { send, requestKept, replyKept }: Sender<C> = SENDERS[command];
    const call = (this.#calls += 1);
    write({ is: 'sent', call, command, request: requestKept(request), at: now() } as JournalLine);
    try {
      const reply = await send(orchestrator, request);
      write({ is: 'answered', call, reply: replyKept(reply), at: now() });
      return reply;
    } catch (error) {
      const code = error instanceof OrchestratorError ? error.code : null;
      write({ is: 'threw', call, code, message: error instanceof Error ? error.message : String(error), at: now() });
      throw error;
    }
  }
}

/** How a call is sent, and what the journal keeps of it. */
interface Sender<C extends JournaledCallName> {
  readonly send: (orchestrator: Orchestrator, request: SentCalls[C]['request']) => Promise<SentCalls[C]['reply']>;
  readonly requestKept: (request: SentCalls[C]['request']) => Calls[C]['request'];
  readonly replyKept: (reply: SentCalls[C]['reply']) => Calls[C]['reply'];
}

const same = <T>(value: T): T => value;

/** A call without secrets. */
function plain<C extends Exclude<JournaledCallName, 'claim' | 'heartbeat' | 'checkpoint' | 'release'>>(
  send: Sender<C>['send'],
): Sender<C> {
  return { send, requestKept: same, replyKept: same };
}

const SENDERS: { readonly [C in JournaledCallName]: Sender<C> } = {
  enqueue: plain<'enqueue'>(async (orchestrator, { tasks, ...addressed }) =>
    orchestrator.enqueueTasks(tasks, addressed),
  ),
  claim: {
    send: async (orchestrator, request) => orchestrator.claimTasks(request),
    requestKept: ({ seed: _secret, ...request }) => request,
    replyKept: (reply) => (reply.ok ? { ...reply, claims: reply.claims.map(withoutToken) } : reply),
  },
  heartbeat: {
    send: async (orchestrator, request) => orchestrator.heartbeat(request),
    requestKept: withFence,
    replyKept: same,
  },
  checkpoint: {
    send: async (orchestrator, request) => orchestrator.checkpoint(request),
    requestKept: withFence,
    replyKept: same,
  },
  release: {
    send: async (orchestrator, { items, ...batch }) => orchestrator.releaseTasks(items, batch),
    requestKept: ({ seed: _secret, items, ...request }) => ({ ...request, items: items.map(withFence) }),
    replyKept: (reply) => ({ ...reply, next: reply.next.map(withoutToken) }),
  },
  recover: plain<'recover'>(async (orchestrator, request) => orchestrator.staleRecovery(request)),
  cancel: plain<'cancel'>(async (orchestrator, request) => orchestrator.cancelTask(request)),
  retry: plain<'retry'>(async (orchestrator, request) => orchestrator.retryTask(request)),
  answer: plain<'answer'>(async (orchestrator, request) => orchestrator.answerTask(request)),
  close: plain<'close'>(async (orchestrator, request) => orchestrator.closeSession(request)),
};
