/** An input on which the product failed once. */
export interface Case {
  /** What went wrong, in a few words. */
  readonly name: string;
  /** The tests: a file, and the name of a test in it as its source has it, placeholders included. */
  readonly tests: readonly (readonly [file: string, test: string])[];
  /** What the tests need of the machine; without it they are left out. */
  readonly needs?: string;
}
