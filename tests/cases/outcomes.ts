import type { Case } from './case.ts';

/** One test that ran, as the report of vitest has it. */
export interface RanTest {
  /** Relative to the repository. */
  readonly file: string;
  readonly title: string;
  readonly status: string;
}

export interface Outcome {
  readonly is: 'PASS' | 'FAIL' | 'SKIP';
  /** Why it is not PASS; of PASS, how many tests there were. */
  readonly reason: string;
}

/** A test's name as its source has it, as a pattern of the names that it gets when it runs. */
export function patternOf(title: string): RegExp {
  const parts = title
    .split(/%[sdijfo#]|\$\w+/u)
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/gu, String.raw`\$&`));
  return new RegExp(`${parts.join('[^]*')}$`, 'u');
}

/** A case has passed if each of its names has a test that passed, and none failed. */
export function outcomeOf({ tests, needs }: Case, ran: readonly RanTest[]): Outcome {
  const found = tests.map(([file, title]) =>
    ran.filter((test) => test.file === file && patternOf(title).test(test.title)),
  );
  const missing = tests.filter((_, at) => found[at]?.length === 0);
  if (missing.length > 0)
    return { is: 'FAIL', reason: `no such test ran: ${missing.map((one) => one.join(': ')).join('; ')}` };
  const failed = found.flat().filter(({ status }) => status === 'failed');
  if (failed.length > 0) return { is: 'FAIL', reason: failed.map(({ file, title }) => `${file}: ${title}`).join('; ') };
  const passed = found.flat().filter(({ status }) => status === 'passed');
  if (found.some((of) => of.every(({ status }) => status !== 'passed')))
    return needs === undefined
      ? { is: 'FAIL', reason: 'its tests were left out, and the case does not say what they need' }
      : { is: 'SKIP', reason: `needs ${needs}` };
  return { is: 'PASS', reason: `${passed.length} ${passed.length === 1 ? 'test' : 'tests'}` };
}
