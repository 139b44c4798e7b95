/** `verify` of the product, or a bare reading of the floor's log. */
export type Reading = 'verify' | 'raw';

export interface Verified {
  readonly usPerEvent: number;
  /** The most that the process ever had. */
  readonly memoryMb: number;
  /** The longest time in which the process could do nothing else. */
  readonly pauseMs: number;
}
