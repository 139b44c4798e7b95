/** How much is worked on in one turn of the event loop, in characters of rows … */
const TURN_CHARACTERS = 250_000;
/** … and how many a row counts besides its own. */
const ROW_CHARACTERS = 500;

/**
 * Hashing and replaying rows blocks the event loop, and promises alone never end its turn: where many rows are there
 * already, heartbeats, signals and other callers would wait for all of them. Rows are counted, so no clock is asked.
 */
export class Turns {
  #characters = 0;

  /** @returns whether the work on this row is the last of this turn */
  isOverAfter(characters: number): boolean {
    this.#characters += ROW_CHARACTERS + characters;
    if (this.#characters < TURN_CHARACTERS) return false;
    this.#characters = 0;
    return true;
  }

  /** Waits until all others that wait for the event loop have run. */
  async next(): Promise<void> {
    await new Promise((resume) => setImmediate(resume));
  }
}
