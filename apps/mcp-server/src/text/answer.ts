/** The answer of a tool: text alone. The first line is what the model must know. */
export interface Answer {
  readonly lines: readonly string[];
  /** The call was refused or failed. Then the first line names the legal next step. */
  readonly isRefusal: boolean;
}

export function said(...lines: readonly string[]): Answer {
  return { lines, isRefusal: false };
}

export function refused(...lines: readonly string[]): Answer {
  return { lines, isRefusal: true };
}

/** How many names a sentence has at most. */
const LISTED_MAX = 8;

/** `t1`, `t1 and t2`, `t1, t2 and t3`; `t1, t2, … and 30 more`. */
export function listed(names: readonly string[], word = 'and'): string {
  const [last = ''] = names.slice(-1);
  if (names.length > LISTED_MAX)
    return `${names.slice(0, LISTED_MAX).join(', ')} ${word} ${names.length - LISTED_MAX} more`;
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} ${word} ${last}`;
}
