import { createHash } from 'node:crypto';
import { cardIn } from '../hook/card.ts';
import type { OpenClawApi } from './api.ts';
import type { Conversation, Conversations } from './conversations.ts';

/** A card that no turn has taken by then is out of date. */
const TTL_MS = 24 * 3_600_000;

/**
 * The resume card of each conversation, in front of the model once: at its beginning, after a restart of the Gateway,
 * and after its context was shortened. Under a Gateway OpenClaw keeps it for the next turn; a single local run has no
 * such place, and gets it when the prompt is built.
 */
export class Cards {
  readonly #api: OpenClawApi;
  readonly #conversations: Conversations;
  /** The conversations that have their card in this process. */
  readonly #shown = new Set<string>();
  #isGateway = false;

  constructor(api: OpenClawApi, conversations: Conversations) {
    this.#api = api;
    this.#conversations = conversations;
  }

  async gatewayStarted(): Promise<void> {
    this.#isGateway = true;
    for (const key of this.#conversations.remembered) {
      const conversation = await this.#conversations.of({ sessionKey: key });
      if (conversation !== null && !(await this.begin(conversation))) this.#conversations.forget(key);
    }
  }

  /** @returns whether there is anything to tell */
  async begin(conversation: Conversation): Promise<boolean> {
    if (!this.#isGateway) {
      this.#shown.delete(conversation.key);
      return true;
    }
    const { key: sessionKey } = conversation;
    const text = await this.#card(conversation);
    if (text === '') return false;
    // The same card twice before a turn is one.
    const idempotencyKey = createHash('sha256').update(`${sessionKey}\n${text}`).digest('hex').slice(0, 32);
    const placement = 'prepend_context';
    await this.#api.session.workflow.enqueueNextTurnInjection({
      sessionKey,
      text,
      idempotencyKey,
      placement,
      ttlMs: TTL_MS,
    });
    return true;
  }

  /** What stands before the prompt of a local run. */
  async beforePrompt(conversation: Conversation): Promise<{ prependContext: string } | undefined> {
    if (this.#isGateway || this.#shown.has(conversation.key)) return undefined;
    this.#shown.add(conversation.key);
    const card = await this.#card(conversation);
    return card === '' ? undefined : { prependContext: card };
  }

  async #card({ place }: Conversation): Promise<string> {
    const store = await this.#conversations.store();
    return store.use('existing', (orchestrator) => cardIn(orchestrator, place));
  }
}
