import type { Names } from '../names.ts';
import { RESUME_BUDGET, type Item, type Precedence } from './card-fit.ts';
import { quoted, quotedJson } from './quoted.ts';

/** How long stored text may be with the default budget, in bytes; more with a larger one. */
const FIELD_BYTES = {
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

  json(value: unknown): string {
    return quotedJson(value, Math.floor(FIELD_BYTES.json * this.#scale));
  }
}
