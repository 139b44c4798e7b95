const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** A length of time in its two largest units: `1m 30s`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`;
  let left = Math.round(ms / 1_000) * 1_000;
  const words: string[] = [];
  for (const [unit, length] of UNITS) {
    const count = Math.floor(left / length);
    left -= count * length;
    if (count > 0) words.push(`${count}${unit}`);
    else if (words.length > 0) break;
  }
  return words.slice(0, 2).join(' ');
}

/** A time relative to another: `in 2m`, `3s ago`. */
export function relative(at: number, now: number): string {
  if (Math.abs(at - now) < 500) return 'now';
  return at > now ? `in ${duration(at - now)}` : `${duration(now - at)} ago`;
}

/**
 * A time in the zone of this machine, to the second, with its offset from UTC: `2026-11-28 23:42:05 +01:00`. A number
 * that is no time, as a forged row can have, stays a number.
 */
export function timestamp(at: number): string {
  const offset = -new Date(at).getTimezoneOffset();
  const local = new Date(at + offset * 60_000);
  if (Number.isNaN(local.getTime())) return String(at);
  const [day, time = ''] = local.toISOString().split('T');
  return `${day} ${time.slice(0, 8)} ${offsetText(offset)}`;
}

function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${twoDigits(size / 60)}:${twoDigits(size % 60)}`;
}

function twoDigits(count: number): string {
  return String(Math.floor(count)).padStart(2, '0');
}

/** A time in the zone of this machine, also relative to now. */
export function moment(at: number, now: number): string {
  return `${timestamp(at)} (${relative(at, now)})`;
}

/** A sentence of the orchestrator, whose times in UTC are replaced by times in the zone of this machine. */
export function inLocalTime(sentence: string): string {
  return sentence.replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, (utc) => timestamp(Date.parse(utc)));
}
