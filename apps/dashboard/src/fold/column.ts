type Numbers = Float64Array | Int32Array | Uint8Array;

/** Rows of a part. What is full stays as it is: nothing is copied, and no more than a part is empty. */
const PART_BITS = 12;
const PART = 1 << PART_BITS;
/** The first part begins small: most columns are long, but there is one for each agent. */
const FIRST_SIZE = 16;

/** A list of numbers that grows: a log of a million events is a few of these, and not a million objects. */
export class Column<Values extends Numbers = Int32Array> {
  readonly #make: new (length: number) => Values;
  readonly #parts: Values[] = [];
  length = 0;

  constructor(make: new (length: number) => Values) {
    this.#make = make;
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
    const [part, row] = [this.length >>> PART_BITS, this.length % PART];
    const known = this.#parts[part];
    if (known === undefined) this.#parts[part] = new this.#make(part === 0 ? FIRST_SIZE : PART);
    else if (row === known.length) {
      const larger = new this.#make(row * 2);
      larger.set(known);
      this.#parts[part] = larger;
    }
    this.length += 1;
    this.set(this.length - 1, value);
  }

  at(index: number): number {
    return this.#parts[index >>> PART_BITS]?.[index % PART] ?? 0;
  }

  set(index: number, value: number): void {
    const part = this.#parts[index >>> PART_BITS];
    if (part !== undefined) part[index % PART] = value;
  }

  /** The middle one; null: there is none. */
  median(): number | null {
    const sorted = this.#parts
      .flatMap((part) => [...part])
      .slice(0, this.length)
      .toSorted((a, b) => a - b);
    return sorted[this.length >>> 1] ?? null;
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
