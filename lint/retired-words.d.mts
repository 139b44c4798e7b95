/** Where the retired words stand on purpose. */
export const EXEMPT: readonly string[];

export interface RetiredPhrase {
  readonly phrase: string;
  /** From 1. */
  readonly line: number;
  /** What to say instead. */
  readonly now: string;
}

/** The retired phrases of a text, in its order. */
export function retiredPhrases(text: string): RetiredPhrase[];
