/**
 * A time as people read it in explanations: ISO-8601 in UTC, to the second. A number that is no time, which only a
 * forged row or another program's has, stays a number.
 */
export function isoSeconds(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString().replace(/\.\d+Z$/, 'Z');
}
