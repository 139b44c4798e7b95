/** What both floors write where the product writes what it has worked out. */
export const NAMESPACE = 'default';
export const AGENT = 'bench';
export const HASH = 'b'.repeat(64);
export const TTL_MS = 120_000;

/** Numbers as large as the product's fences. */
const FIRST_FENCE = 1_000_000_000_000_000;
const PROCESSES_MAX = 8;

/** Beyond the numbers of the tasks that a store is seeded with. */
const FIRST_NUMBER = 1_000_000;

/** Fences, numbers and ids of commands that no other process makes. */
export class Identifiers {
  readonly #process: number;
  #count = 0;

  constructor(process: number) {
    this.#process = process;
  }

  nextFence(): number {
    return FIRST_FENCE + (this.#count += 1) * PROCESSES_MAX + this.#process;
  }

  nextNumber(): number {
    return FIRST_NUMBER + (this.#count += 1);
  }

  nextUuid(): string {
    return uuidAt(this.#process, (this.#count += 1));
  }
}

/** The same bytes as a UUID or a hash of text has digits. */
export function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll('-', ''), 'hex');
}

/** A text that looks and sorts like a UUIDv7, for no more than it takes to write it. */
function uuidAt(process: number, count: number): string {
  return `01900000-0000-7000-8${String(process).padStart(3, '0')}-${String(count).padStart(12, '0')}`;
}
