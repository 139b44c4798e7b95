/** A time as people read it in explanations: ISO-8601 in UTC, to the second. */
export function isoSeconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
