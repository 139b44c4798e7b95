import type { Orchestrator, StoreMark } from '@agent-orchestrator/core';
import type { Output } from './output/output.ts';
import { printable } from './output/printable.ts';

/**
 * Says on stderr, in every format, that the store which is read is not open for work: what it holds looks like any other, and
 * nothing will happen in it. Once, and again when that changes.
 */
export class Door {
  readonly #output: Pick<Output, 'chatter'>;
  #said: StoreMark['state'] | null = null;

  constructor(output: Pick<Output, 'chatter'>) {
    this.#output = output;
  }

  async look(orchestrator: Orchestrator): Promise<StoreMark | null> {
    const mark = await orchestrator.mark();
    const state = mark?.state ?? null;
    if (state !== this.#said) this.#output.chatter(mark === null ? OPEN_AGAIN : lineOf(mark));
    this.#said = state;
    return mark;
  }
}

const OPEN_AGAIN = 'this store is open for work again';

function lineOf({ state, address }: StoreMark): string {
  const other = printable(address);
  switch (state) {
    case 'moved':
      return `this store was moved to ${other}: nothing happens here any more; point ORCHESTRATOR_STORE there`;
    case 'moving':
      return `this store is being moved to ${other}: nobody can work meanwhile`;
    default:
      return `this is a backup of ${other}, not a store to work on`;
  }
}
