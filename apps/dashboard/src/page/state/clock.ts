import { computed, signal } from '@preact/signals';
import { meta } from './answers.ts';

/** How long ago something was is told anew so often. */
const TICK_MS = 10_000;

const ticks = signal(0);
setInterval(() => (ticks.value = performance.now()), TICK_MS);

/** When the last answer came, by the clock of the browser alone; its time is that of the store. */
const answered = computed(() => ({ at: meta.value?.moment.at ?? null, came: performance.now() }));

/** The time of the store that a page shows, in milliseconds. It continues without new answers; the past stands. */
export function shownNow(): number {
  const { at, came } = answered.value;
  if (at === null) return Date.now();
  const passed = meta.value?.moment.is_past === true ? 0 : Math.max(0, ticks.value - came);
  return Date.parse(at) + passed;
}
