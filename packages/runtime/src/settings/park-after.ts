/** After how long without progress the tasks that an agent host holds are given back, in milliseconds. */
export const PARK_AFTER_MS = { default: 30 * 60_000, min: 1_000 } as const;
