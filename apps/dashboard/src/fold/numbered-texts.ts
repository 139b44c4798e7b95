import { randomBytes } from 'node:crypto';
import { Column } from './column.ts';

/** Bytes of a part. What is full stays as it is: nothing is copied, and no more than a part is empty. */
const PART = 65_536;
/** No id and no name is longer; another text is rare. */
const ASKED = 384;
/** Bytes of a character of a string at most. */
const UTF8_MAX = 3;
const SLOTS_MIN = 1_024;
/** Of FNV-1a. */
const HASH_PRIME = 0x01000193;

/**
 * Texts that many rows share, such as ids and the names of agents: each is kept once, and rows have its number. They
 * are bytes beside the heap: as strings in a map they take twice as much, and each collection walks over them.
 */
export class NumberedTexts {
  readonly #parts: Buffer[] = [];
  /** By number: the part, and where in it the text begins and ends. */
  readonly #partOf = Column.ofIntegers();
  readonly #begins = Column.ofIntegers();
  readonly #ends = Column.ofIntegers();
  readonly #hashes = Column.ofIntegers();
  /** By hash, or in the next free place: a number and 1; 0: none. At most half of it is used. */
  #slots = new Int32Array(SLOTS_MIN);
  /** Where the last part is free. */
  #free = Number.POSITIVE_INFINITY;
  /** Of what is looked for. */
  readonly #asked = Buffer.alloc(ASKED);
  readonly #hashStart: number;

  /** @param hashStart secret, so that no agent can choose ids that all have one hash */
  constructor(hashStart: number = randomBytes(4).readInt32LE()) {
    this.#hashStart = hashStart;
  }

  /** -1: there is no text. */
  numberOf(text: string | null): number {
    if (text === null) return -1;
    const bytes = this.#bytesOf(text);
    const hash = this.#hashOf(bytes);
    const slot = this.#slotOf(bytes, hash);
    const known = this.#slots[slot] ?? 0;
    return known > 0 ? known - 1 : this.#add(bytes, hash, slot);
  }

  /** -1: the text has no number, and gets none. */
  knownNumberOf(text: string): number {
    const bytes = this.#bytesOf(text);
    return (this.#slots[this.#slotOf(bytes, this.#hashOf(bytes))] ?? 0) - 1;
  }

  textOf(number: number): string | null {
    if (number < 0 || number >= this.#begins.length) return null;
    const part = this.#parts[this.#partOf.at(number)];
    return part?.toString('utf8', this.#begins.at(number), this.#ends.at(number)) ?? null;
  }

  /** Until the next text is asked for. */
  #bytesOf(text: string): Buffer {
    if (text.length * UTF8_MAX > ASKED) return Buffer.from(text);
    return this.#asked.subarray(0, this.#asked.write(text));
  }

  #add(bytes: Buffer, hash: number, slot: number): number {
    if (this.#free + bytes.length > PART) {
      this.#parts.push(Buffer.allocUnsafeSlow(Math.max(PART, bytes.length)));
      this.#free = 0;
    }
    const [part, number] = [this.#parts.length - 1, this.#begins.length];
    this.#parts[part]?.set(bytes, this.#free);
    this.#partOf.push(part);
    this.#begins.push(this.#free);
    this.#free += bytes.length;
    this.#ends.push(this.#free);
    this.#hashes.push(hash);
    this.#slots[slot] = number + 1;
    if (number * 2 >= this.#slots.length) this.#grow();
    return number;
  }

  /** Where the text is, or where it may be put. */
  #slotOf(bytes: Buffer, hash: number): number {
    const slots = this.#slots;
    let slot = hash & (slots.length - 1);
    for (; ; slot = (slot + 1) & (slots.length - 1)) {
      const number = (slots[slot] ?? 0) - 1;
      if (number === -1 || (this.#hashes.at(number) === hash && this.#isText(number, bytes))) return slot;
    }
  }

  /** FNV-1a. */
  #hashOf(bytes: Buffer): number {
    let hash = this.#hashStart;
    for (let at = 0; at < bytes.length; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), HASH_PRIME);
    return hash | 0;
  }

  #isText(number: number, bytes: Buffer): boolean {
    const part = this.#parts[this.#partOf.at(number)];
    return part?.compare(bytes, 0, bytes.length, this.#begins.at(number), this.#ends.at(number)) === 0;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    for (let number = 0; number < this.#begins.length; number += 1) {
      let slot = this.#hashes.at(number) & (slots.length - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
      slots[slot] = number + 1;
    }
    this.#slots = slots;
  }
}
