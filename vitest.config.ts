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

/**
 * The whole suite against a storage, and what kills processes or makes a disk fail at many places. Without this, files
 * run by the name of their project, and the longest of storage-sqlite last.
 */
const LONG = [
  'conformance',
  'crash.slow',
  'dashboard.slow',
  'disk.slow',
  'failpoints.slow',
  'machines.slow',
  'move.slow',
  'pgbouncer.slow',
  'processes.slow',
  'storage-from-outside.slow',
  'versions.slow',
  'walk.slow',
].map((name) => `/${name}.test.ts`);

function takesLong({ moduleId }: TestSpecification): boolean {
  return LONG.some((ending) => moduleId.endsWith(ending));
}

export default defineConfig({
  test: {
    projects: [
      'packages/*',
      'apps/*',
      'apps/dashboard/vitest.browser.config.ts',
      'examples/demo',
      'examples/storage-node-sqlite',
      'bench',
      'tests',
    ],
    passWithNoTests: true,
    reporters: ['default', './scripts/vitest-counts.ts'],
    sequence: { sequencer: LongestFirst },
  },
});
