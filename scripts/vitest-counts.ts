import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * Ends a run with a count that machines can read. A file that could not be loaded counts as a failure. A run with a
 * failure ends with 1, whatever other code of the process does: the package of the embedded PostgreSQL ends it with 0
 * as soon as there is nothing left to do.
 */
export default class CountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    for (const module of modules) {
      counts.failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === 'pending' ? 'skipped' : state] += 1;
      }
    }
    // Printed at the very end of the process: other reporters still have things to say.
    process.once('exit', () => {
      if (counts.failed > 0) process.exitCode ||= 1;
      console.log(`skipped: ${counts.skipped}\n${counts.passed} passed, ${counts.failed} failed`);
    });
  }
}
