/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An empty variable counts as absent. */
export function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
