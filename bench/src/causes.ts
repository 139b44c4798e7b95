/** Each error that led to this one, the first first: Node prints none of those that a disposal came on top of. */
export function causesOf(error: unknown): readonly unknown[] {
  if (error instanceof SuppressedError) return [...causesOf(error.suppressed), ...causesOf(error.error)];
  return error instanceof AggregateError ? error.errors.flatMap(causesOf) : [error];
}
