import { OrchestratorError, type Orchestrator, type StoreMode } from '@agent-orchestrator/core';
import { openOrchestrator } from './open-orchestrator.ts';
import { newCommandId } from './system/command-id.ts';
import { systemTime } from './system/time.ts';
import { mayHaveRun, resend } from './work/resend.ts';

/** How long one try waits for a busy store. Hosts give a call of a tool about a minute. */
const BUSY_TIMEOUT_MS = 5_000;
/** After this, a command that fails for a while is not sent again. */
const SEND_WITHIN_MS = 8_000;

/** `create`: for what may come first in a new store. A claim must not: in a store just made it would find no work. */
type Opening = Extract<StoreMode, 'create' | 'existing'>;

/**
 * The store, opened by the first call that needs it, and opened again after an error that ends its use: a server lives
 * for days, and its store may be missing at first, be replaced or be upgraded meanwhile.
 */
export class StoreAccess implements AsyncDisposable {
  readonly #url: string;
  readonly #namespace: string;
  #current: Orchestrator | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(url: string, namespace: string) {
    this.#url = url;
    this.#namespace = namespace;
  }

  /** @throws what opening the store throws, and what `use` throws */
  async use<R>(mode: Opening, use: (orchestrator: Orchestrator) => Promise<R>): Promise<R> {
    const orchestrator = await this.#opened(mode);
    try {
      return await use(orchestrator);
    } catch (error) {
      if (endsUse(error)) await this.#leave(orchestrator);
      throw error;
    }
  }

  /**
   * Sends a command until it is answered, for a few seconds at most. It takes effect once.
   *
   * @throws the first error that leaves open whether it did, else the last error: a later try that cannot reach the
   * store tells nothing about an earlier one
   */
  async send<R>(
    mode: Opening,
    send: (orchestrator: Orchestrator, commandId: string) => Promise<R>,
    ended?: AbortSignal,
  ): Promise<R> {
    const late = AbortSignal.timeout(SEND_WITHIN_MS);
    let inDoubt: OrchestratorError | undefined;
    return resend((commandId) => this.use(mode, (orchestrator) => send(orchestrator, commandId)), {
      newCommandId,
      time: systemTime,
      signal: ended === undefined ? late : AbortSignal.any([late, ended]),
      onOutage: (error) => {
        if (mayHaveRun(error)) inDoubt ??= error;
      },
    }).catch((error: unknown) => {
      throw inDoubt ?? error;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn.catch(() => {});
    if (this.#current !== null) await this.#leave(this.#current);
  }

  /** One at a time: two calls at once must not open it twice. */
  #opened(mode: Opening): Promise<Orchestrator> {
    const opened = this.#turn.catch(() => {}).then(() => this.#current ?? this.#open(mode));
    this.#turn = opened;
    return opened;
  }

  async #open(mode: Opening): Promise<Orchestrator> {
    const options = { mode, busyTimeoutMs: BUSY_TIMEOUT_MS, namespace: this.#namespace };
    this.#current = await openOrchestrator(this.#url, options);
    return this.#current;
  }

  async #leave(orchestrator: Orchestrator): Promise<void> {
    if (this.#current === orchestrator) this.#current = null;
    // A store that was replaced cannot be closed in order; the call that met it says so.
    await orchestrator[Symbol.asyncDispose]().catch(() => {});
  }
}

/** A store that was replaced, moved or damaged stays so for who has it open. */
function endsUse(error: unknown): boolean {
  return error instanceof OrchestratorError && error.code.startsWith('STORE_') && !error.retryable;
}
