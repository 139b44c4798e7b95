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

/** `t1`, `t1 and t2`, `t1, t2 and t3`. */
export function listed(names: readonly string[], word = 'and'): string {
  const [last = ''] = names.slice(-1);
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} ${word} ${last}`;
}
