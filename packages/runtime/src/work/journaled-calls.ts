import type { ClaimRecord, Orchestrator, Released } from '@agent-orchestrator/core';
import { withFence, withoutToken, type JournaledCallName, type Calls } from '@agent-orchestrator/core/journal';
import { newCommandId } from '../system/command-id.ts';
import { newSeed } from '../system/seed.ts';
import type { JournalWriter } from './journal-writer.ts';

/** The calls that a worker, a lease keeper and a run make, and what tells them that a task is to be cancelled. */
export type WorkCalls = Pick<
  Orchestrator,
  'claimTask' | 'claimTasks' | 'heartbeat' | 'checkpoint' | 'releaseTask' | 'staleRecovery' | 'getTask'
>;

/**
 * The calls of an orchestrator, written into a journal: each call before it is sent, each answer before the caller gets
 * it. Heartbeats are not written: they leave no event in the log, so none can be missing.
 *
 * When the journal cannot be written:
 * - A claim or a recovery is not sent. It throws `JOURNAL_UNWRITABLE`, and nothing has happened.
 * - A checkpoint or a release is sent anyway: its work would be lost otherwise.
 * - The caller does not get an answer that is not in the journal. The call throws `JOURNAL_UNWRITABLE`, which is
 *   retryable, like a lost answer: a retry with the same command id gets the same answer.
 */
export class JournaledCalls implements WorkCalls {
  readonly #orchestrator: Orchestrator;
  readonly #journal: JournalWriter;

  constructor(orchestrator: Orchestrator, journal: JournalWriter) {
    this.#orchestrator = orchestrator;
    this.#journal = journal;
  }

  async getTask(...asked: Parameters<Orchestrator['getTask']>) {
    return this.#orchestrator.getTask(...asked);
  }

  async heartbeat(call: Parameters<Orchestrator['heartbeat']>[0]) {
    return this.#orchestrator.heartbeat(call);
  }

  /**
   * For a caller that does not send it again: a claim that cannot be journaled is given back, without charge of an
   * attempt.
   */
  async claimTask(call: Parameters<Orchestrator['claimTask']>[0]) {
    const identified = this.#seeded(call);
    const { seed: _secret, ...request } = identified;
    return this.#journaled('claim', request, {
      send: () => this.#orchestrator.claimTask(identified),
      toReply: (reply) => (reply.ok ? { ok: true, claims: [withoutToken(claimRecord(reply))] } : reply),
      onUnjournaled: async (reply) => {
        if (reply.ok) await this.#giveBack(reply);
      },
    });
  }

  async claimTasks(call: Parameters<Orchestrator['claimTasks']>[0]) {
    const identified = this.#seeded(call);
    const { seed: _secret, ...request } = identified;
    return this.#journaled('claim', request, {
      send: () => this.#orchestrator.claimTasks(identified),
      toReply: (reply) => (reply.ok ? { ok: true, claims: reply.claims.map(withoutToken) } : reply),
    });
  }

  async checkpoint(call: Parameters<Orchestrator['checkpoint']>[0]) {
    const identified = this.#identified(call);
    return this.#journaled('checkpoint', withFence(identified), {
      always: true,
      send: () => this.#orchestrator.checkpoint(identified),
      toReply: (reply) => reply,
    });
  }

  async releaseTask(call: Parameters<Orchestrator['releaseTask']>[0]) {
    const identified = this.#seeded(call);
    const { namespace, commandId, seed: _secret, claimNext, ...item } = identified;
    const request = { namespace, commandId, items: [withFence(item)], ...(claimNext !== undefined && { claimNext }) };
    return this.#journaled('release', request, {
      always: true,
      send: () => this.#orchestrator.releaseTask(identified),
      toReply: asBatch,
    });
  }

  async staleRecovery(call: Parameters<Orchestrator['staleRecovery']>[0] = {}) {
    const identified = this.#identified(call);
    return this.#journaled('recover', identified, {
      send: () => this.#orchestrator.staleRecovery(identified),
      toReply: (reply) => reply,
    });
  }

  async #journaled<C extends JournaledCallName, Reply>(
    command: C,
    request: Calls[C]['request'],
    { always = false, send, toReply, onUnjournaled }: HowToSend<C, Reply>,
  ): Promise<Reply> {
    const call = this.#journal.sent(command, request, !always);
    let reply: Reply;
    try {
      reply = await send();
    } catch (error) {
      this.#journal.threw(call, error);
      throw error;
    }
    try {
      await this.#journal.answered(call, toReply(reply));
    } catch (error) {
      await onUnjournaled?.(reply);
      throw error;
    }
    return reply;
  }

  /** Fills in the defaults of the orchestrator, so that the journal has them, too. */
  #identified<Call extends { readonly namespace?: string | undefined; readonly commandId?: string | undefined }>(
    call: Call,
  ) {
    const { namespace = this.#orchestrator.defaultNamespace, commandId = newCommandId() } = call;
    return { ...call, namespace, commandId };
  }

  /** The same for a call that can be granted a lease. A caller that gives the command id gives the seed, too. */
  #seeded<Call extends Parameters<WorkCalls['claimTask' | 'claimTasks' | 'releaseTask']>[0]>(call: Call) {
    const { seed = call.commandId === undefined ? newSeed() : undefined } = call;
    return { ...this.#identified(call), seed };
  }

  async #giveBack({ lease: { token } }: ClaimRecord): Promise<void> {
    try {
      await this.#orchestrator.releaseTask({ token, outcome: 'released', note: 'The claim could not be journaled.' });
    } catch {
      // The task is recovered when its lease is stale.
    }
  }
}

interface HowToSend<C extends JournaledCallName, Reply> {
  /** Send the call even if the journal cannot be written. */
  readonly always?: boolean;
  readonly send: () => Promise<Reply>;
  /** The answer in the form of the journal. */
  readonly toReply: (reply: Reply) => Calls[C]['reply'];
  /** Called for an answer that could not be journaled. */
  readonly onUnjournaled?: (reply: Reply) => Promise<void>;
}

function claimRecord({ task, lease, context, takeover }: ClaimRecord): ClaimRecord {
  return { task, lease, context, takeover };
}

/** A release of one task is journaled as a batch of one. */
function asBatch(reply: Released): Calls['release']['reply'] {
  if (!reply.ok) return { ok: false, items: [reply], next: [] };
  const { next, ...item } = reply;
  return { ok: true, items: [item], next: next === null ? [] : [withoutToken(next)] };
}
