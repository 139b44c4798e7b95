import { Column } from './column.ts';

/**
 * When something happened that may happen to a thing again and again, such as the checkpoints of a lease. Every one
 * knows the one before it, so the last one at any ordinal is found.
 */
export class Marks {
  readonly #last = Column.ofIntegers();
  readonly #ordinals = Column.ofIntegers();
  readonly #times = Column.ofLarge();
  readonly #before = Column.ofIntegers();

  /** The next thing, to which nothing has happened yet. */
  addThing(): void {
    this.#last.push(-1);
  }

  /** @param thing the number of the thing, in the order in which they were added */
  add(thing: number, ordinal: number, at: number): void {
    this.#before.push(this.#last.at(thing));
    this.#last.set(thing, this.#ordinals.length);
    this.#ordinals.push(ordinal);
    this.#times.push(at);
  }

  /** The time of the last one up to an ordinal, in milliseconds; null: there was none. */
  lastAt(thing: number, ordinal: number): number | null {
    let mark = this.#last.at(thing);
    while (mark >= 0 && this.#ordinals.at(mark) > ordinal) mark = this.#before.at(mark);
    return mark < 0 ? null : this.#times.at(mark);
  }
}
