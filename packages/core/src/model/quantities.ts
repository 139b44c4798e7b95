/** Numbers as people read them in messages. */

/** `3 sessions`, `1 session`; `10 000+ sessions` where counting stopped there. */
export function counted(count: number, one: string, capped = false): string {
  const digits = String(count).replaceAll(/\B(?=(\d{3})+$)/g, ' ');
  return `${digits}${capped ? '+' : ''} ${count === 1 && !capped ? one : `${one}s`}`;
}

const UNITS = [
  ['day', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** `8 h`, `2 days`: the largest unit of which there is at least one. */
export function lasting(ms: number): string {
  const whole = Math.abs(ms);
  for (const [unit, length] of UNITS) {
    const count = Math.floor(whole / length);
    if (count > 0) return unit === 'day' ? counted(count, unit) : `${count} ${unit}`;
  }
  return `${whole} ms`;
}

const SIZES = [
  ['GB', 1e9],
  ['MB', 1e6],
] as const;

/** `4.2 MB`; below that in whole `kB`. */
export function sized(bytes: number): string {
  const [unit, length] = SIZES.find(([, size]) => bytes >= size) ?? [];
  return length === undefined ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / length).toFixed(1)} ${unit}`;
}
