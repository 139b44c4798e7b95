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

  isUnderWay(name: string): boolean {
    return this.#underWay.has(name);
  }

  async ask(name: string, question: () => Promise<Answer>, version = () => ''): Promise<Answer> {
    const asked = this.#underWay.get(name);
    if (asked === undefined) return this.#begin(name, question, version());
    if (asked.version === version()) return asked.answer;
    // All who came wake up at once: the first of them asks, and the others share its answer.
    await asked.answer.catch(() => {});
    return this.ask(name, question, version);
  }

  async #begin(name: string, question: () => Promise<Answer>, version: string): Promise<Answer> {
    const answer = question().finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, { version, answer });
    return answer;
  }
}
