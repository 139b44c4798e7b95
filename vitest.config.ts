import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: ['packages/*', 'apps/*', 'examples/demo', 'tests'],
    passWithNoTests: true,
    reporters: ['default', './scripts/vitest-counts.ts'],
  },
});
