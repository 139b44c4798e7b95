const FIRST_CAPACITY = 1_024;
/** Fibonacci hashing: spreads numbers that differ little. */
const SPREAD = 2_654_435_769;

/**
 * The fences of a log, in 16 to 32 bytes for each: a `Set` of numbers takes three times that, and ends at 16 million.
 * No fence is 0.
 */
export class FenceSet {
  #slots = new Float64Array(FIRST_CAPACITY);
  #size = 0;

  /** @returns whether the fence was not there before */
  add(fence: number): boolean {
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
  let slot = (Math.imul(folded, SPREAD) >>> 0) & (slots.length - 1);
  while (slots[slot] !== 0 && slots[slot] !== fence) slot = (slot + 1) & (slots.length - 1);
  return slot;
}
