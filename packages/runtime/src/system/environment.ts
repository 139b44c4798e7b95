/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that is set to nothing counts as absent. */
export function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
