type Numbers = Float64Array | Int32Array | Uint8Array;

/** It doubles when it is full: most columns are long, but there is one for each agent. */
const FIRST_SIZE = 16;

/** A list of numbers that grows: a log of a million events is a few of these, and not a million objects. */
export class Column<Values extends Numbers = Int32Array> {
  readonly #make: new (length: number) => Values;
  #values: Values;
  length = 0;

  constructor(make: new (length: number) => Values) {
    this.#make = make;
    this.#values = new make(FIRST_SIZE);
  }

  static ofIntegers(): Column {
    return new Column(Int32Array);
  }

  /** For ids, fences and times in milliseconds. */
  static ofLarge(): Column<Float64Array> {
    return new Column(Float64Array);
  }

  static ofBytes(): Column<Uint8Array> {
    return new Column(Uint8Array);
  }

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new this.#make(this.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#values[index] ?? 0;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** The middle one; null: there is none. */
  median(): number | null {
    return this.length === 0 ? null : (this.#values.slice(0, this.length).toSorted()[this.length >>> 1] ?? null);
  }

  /** A value that `assign` may have set; otherwise -1. */
  assigned(index: number): number {
    return index >= 0 && index < this.length ? this.at(index) : -1;
  }

  /** Sets a value that may be behind the last one; those between them are -1. */
  assign(index: number, value: number): void {
    while (this.length <= index) this.push(-1);
    this.set(index, value);
  }

  /** How many of the first values, which ascend, are not greater than `value`. */
  countUpTo(value: number): number {
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
