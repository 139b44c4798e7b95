/** A count for people: `10 000+` if counting stopped there. */
export function capped(count: number, upTo: number): string {
  const digits = String(count).replaceAll(/\B(?=(\d{3})+$)/g, ' ');
  return count >= upTo ? `${digits}+` : digits;
}
