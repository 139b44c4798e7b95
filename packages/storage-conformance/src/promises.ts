import { CASES } from './cases/index.ts';
import type { Need } from './chapter.ts';

/** A promise of the storage port, as the documentation lists it. */
export interface PromiseOfPort {
  readonly chapter: string;
  readonly title: string;
  /** What a storage has to offer for the promise to apply to it; null: it applies to all. */
  readonly needs: Need | null;
}

/** All promises, in order. What a storage's `attacks` name comes on top. */
export const PROMISES: readonly PromiseOfPort[] = CASES.map(({ chapter, title, needs }) => ({ chapter, title, needs }));
