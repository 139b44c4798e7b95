/** Options of every list. */
export interface PageOptions {
  readonly limit?: number;
  readonly after?: string;
}

/** Says that a list was cut, and how it goes on. */
export function pageRemark(shown: number, next: string | null): string[] {
  return next === null ? [] : [`${shown} shown, there are more: --after ${next}, or a larger --limit`];
}
