// How the rules are mutated (see ../mutate.mjs).

export default {
  mutate: ['packages/core/src/commands/*.ts', 'packages/core/src/log/*.ts'],
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'packages/core/vitest.config.ts', dir: 'packages/core' },
  // Stryker would rewrite this file for its sandbox, by an API that version 7 of the compiler no longer has. No file
  // has this name, so Stryker does not try.
  tsconfigFile: 'tsconfig.none.json',
  // What the tests of core do not need.
  ignorePatterns: ['apps', 'bench', 'docs', 'docker', 'tests', '**/dist', 'packages/storage-*', 'packages/runtime'],
  // Which tests reach a change: only those are run against it.
  coverageAnalysis: 'perTest',
  concurrency: 2,
  reporters: ['json', 'progress'],
  jsonReporter: { fileName: 'node_modules/.cache/mutation/report.json' },
  // For `--incremental`: what was found before, so that only what changed since is tried.
  incrementalFile: 'node_modules/.cache/mutation/incremental.json',
  tempDirName: '.stryker-tmp',
  cleanTempDir: 'always',
};
