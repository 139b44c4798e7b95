import type { Orchestrator, StoreState } from '@agent-orchestrator/core';
import type { Output } from './output/output.ts';

/**
 * Says on stderr, in every format, that the store is not open for work: its content looks like that of any other store,
 * but does not change. It is said once, and again when the state changes.
 */
export class StoreNotice {
  readonly #output: Pick<Output, 'chatter'>;
  #said: StoreState['status'] | null = null;

  constructor(output: Pick<Output, 'chatter'>) {
    this.#output = output;
  }

  async look(orchestrator: Orchestrator): Promise<StoreState | null> {
    const state = await orchestrator.storeState();
    const status = state?.status ?? null;
    if (status !== this.#said) this.#output.chatter(state === null ? OPEN_AGAIN : lineOf(state));
    this.#said = status;
    return state;
  }
}

const OPEN_AGAIN = 'this store is open for work again';

function lineOf({ status, address }: StoreState): string {
  switch (status) {
    case 'moved':
      return `this store was moved to ${address} and is closed; set ORCHESTRATOR_STORE to the new address`;
    case 'moving':
      return `this store is being moved to ${address} and is closed meanwhile`;
    default:
      return `this is a backup of ${address}, not a store to work on`;
  }
}
