/** Texts that many rows share, such as the names of agents: each is kept once, and rows have its number. */
export class NumberedTexts {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  /** -1: there is no text. */
  numberOf(text: string | null): number {
    if (text === null) return -1;
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#texts.length;
    this.#texts.push(text);
    this.#numbers.set(text, number);
    return number;
  }

  /** -1: the text has no number, and gets none. */
  knownNumberOf(text: string): number {
    return this.#numbers.get(text) ?? -1;
  }

  textOf(number: number): string | null {
    return this.#texts[number] ?? null;
  }
}
