import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A file that takes as long as many others together starts first, so that no core waits for it at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- vitest's, which gives a new array
    const sorted = await super.sort(files);
    return [...sorted.filter(takesLong), ...sorted.filter((file) => !takesLong(file))];
  }
}

/** The whole suite against a storage, and what kills processes at many places. */
const LONG =
  /\/(?:conformance|(?:crash|failpoints|machines|move|pgbouncer|storage-from-outside|versions|walk)\.slow)\.test\.ts$/;

function takesLong({ moduleId }: TestSpecification): boolean {
  return LONG.test(moduleId);
}

export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*', 'examples/demo', 'examples/storage-node-sqlite', 'bench', 'tests'],
    passWithNoTests: true,
    reporters: ['default', './scripts/vitest-counts.ts'],
    sequence: { sequencer: LongestFirst },
  },
});
