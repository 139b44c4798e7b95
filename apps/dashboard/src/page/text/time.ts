import { language } from '../state/preferences.ts';

const DAY_MS = 86_400_000;
const UNITS = [
  ['day', DAY_MS],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

/** In the time of the reader, of 24 hours as the chart and UTC beside it. */
export function local(ms: number): string {
  const parts = { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' } as const;
  return new Intl.DateTimeFormat(language.value, parts).format(ms);
}

export function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** How long ago, or in how long. */
export function ago(ms: number, now: number): string {
  const format = new Intl.RelativeTimeFormat(language.value, { style: 'narrow', numeric: 'auto' });
  const away = ms - now;
  const [unit, length] = UNITS.find(([, length]) => Math.abs(away) >= length) ?? UNITS[3];
  return format.format(Math.round(away / length), unit);
}

/** `1 h 20 min`, `45 s`. */
export function lasting(ms: number): string {
  const parts = UNITS.map(([unit, length], index) => {
    const larger = UNITS[index - 1]?.[1] ?? Number.POSITIVE_INFINITY;
    return [unit, Math.floor((ms % larger) / length)] as const;
  });
  const shown = parts.filter(([, value]) => value > 0).slice(0, 2);
  return shown.length === 0
    ? format('millisecond', Math.max(0, Math.round(ms)))
    : shown.map(([u, v]) => format(u, v)).join(' ');
}

function format(unit: string, value: number): string {
  return new Intl.NumberFormat(language.value, { style: 'unit', unit, unitDisplay: 'narrow' }).format(value);
}
