const FIRST_CAPACITY = 1_024;
/** Fibonacci hashing: spreads numbers that differ little. */
const SPREAD = 2_654_435_769;

/**
 * The fences of a log, in 16 to 32 bytes for each: a `Set` of numbers takes three times that, and ends at 16 million.
 */
export class FenceSet {
  #slots = new Float64Array(FIRST_CAPACITY);
  #size = 0;
  /** 0 marks a free slot. No lease has the fence 0, but a log that was tampered with may. */
  #hasZero = false;

  /** @returns whether the fence was not there before */
  add(fence: number): boolean {
    if (fence === 0) {
      const isNew = !this.#hasZero;
      this.#hasZero = true;
      return isNew;
    }
    const slot = slotOf(this.#slots, fence);
    if (this.#slots[slot] === fence) return false;
    this.#slots[slot] = fence;
    this.#size += 1;
    if (this.#size * 2 > this.#slots.length) this.#grow();
    return true;
  }

  #grow(): void {
    const larger = new Float64Array(this.#slots.length * 2);
    for (const fence of this.#slots) if (fence !== 0) larger[slotOf(larger, fence)] = fence;
    this.#slots = larger;
  }
}

/** Where the fence is, or the free place where it belongs. */
function slotOf(slots: Float64Array, fence: number): number {
  const folded = (fence >>> 0) ^ Math.floor(fence / 2 ** 32);
  // The high bits, to which all bits of the fence contribute: the low ones of fences far apart may all be the same.
  let slot = Math.imul(folded, SPREAD) >>> (Math.clz32(slots.length) + 1);
  while (slots[slot] !== 0 && slots[slot] !== fence) slot = (slot + 1) & (slots.length - 1);
  return slot;
}
