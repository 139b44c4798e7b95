import { shellWord } from '@agent-orchestrator/core';
import type { Names } from '../names.ts';
import { RESUME_BUDGET, type Item, type Precedence } from './card-fit.ts';
import { quoted, quotedJson } from '../../text/quoted.ts';

/** How long stored text may be with the default budget, in bytes; more with a larger one. */
const FIELD_BYTES = {
  name: 150,
  title: 150,
  action: 450,
  question: 450,
  memory: 300,
  json: 500,
  note: 300,
  hash: 80,
  eventText: 120,
} as const;

export function items(precedence: Precedence, texts: readonly string[]): Item[] {
  return texts.map((text) => ({ text, precedence }));
}

/** How stored texts, tasks and sessions are written in a card. */
export class CardText {
  readonly names: Names;
  readonly #scale: number;

  constructor(names: Names, budget: number) {
    this.names = names;
    this.#scale = budget / RESUME_BUDGET.default;
  }

  text(field: keyof typeof FIELD_BYTES, text: string): string {
    return quoted(text, Math.floor(FIELD_BYTES[field] * this.#scale));
  }

  /** A name or an id, as it is if it is one word: by the rules an id may be a whole sentence. */
  name(name: string): string {
    return shellWord(name) === name ? name : this.text('name', name);
  }

  /** Who did it, at the end of what was done. */
  by(agent: string | null): string {
    return agent === null ? '' : ` by ${this.name(agent)}`;
  }

  /** A session by what names it in a command, and its id if that is another one. */
  session(id: string): string {
    const reference = this.names.sessionReference(id);
    return reference === this.names.session(id) ? reference : `${reference} ${this.name(id)}`;
  }

  json(value: unknown): string {
    return quotedJson(value, Math.floor(FIELD_BYTES.json * this.#scale));
  }
}
