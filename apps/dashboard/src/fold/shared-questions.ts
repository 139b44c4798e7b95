interface Asked<Answer> {
  readonly version: string;
  readonly answer: Promise<Answer>;
}

/**
 * Questions to the store, each under a name. A store that answers slowly is not asked the same twice at a time: who
 * asks meanwhile gets the answer to the question that is under way. If it began with another `version` of what it is
 * about, the answer may be old: then one more is asked after it, for all who came.
 */
export class SharedQuestions<Answer> {
  readonly #underWay = new Map<string, Asked<Answer>>();
  readonly #next = new Map<string, Promise<Answer>>();

  isUnderWay(name: string): boolean {
    return this.#underWay.has(name);
  }

  async ask(name: string, question: () => Promise<Answer>, version = () => ''): Promise<Answer> {
    const asked = this.#underWay.get(name);
    if (asked === undefined) return this.#begin(name, question, version());
    if (asked.version === version()) return asked.answer;
    const next = this.#next.get(name) ?? this.#after(name, asked, () => this.ask(name, question, version));
    this.#next.set(name, next);
    return next;
  }

  async #begin(name: string, question: () => Promise<Answer>, version: string): Promise<Answer> {
    const answer = question().finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, { version, answer });
    return answer;
  }

  async #after(name: string, { answer }: Asked<Answer>, ask: () => Promise<Answer>): Promise<Answer> {
    await answer.catch(() => {});
    this.#next.delete(name);
    return ask();
  }
}
