/** The promises of the storage port, as tests. Start at `conformance`. */
export type { Case, Need, Promised } from './chapter.ts';
export { casesFor, conformance } from './conformance.ts';
export { coverageOf, type Coverage, type Offer } from './coverage.ts';
export { commandIdAt } from './factories.ts';
export { keptIfItFails } from './kept-if-it-fails.ts';
export { PROMISES, type PromiseOfPort } from './promises.ts';
export { runCase } from './run-case.ts';
export { seedOfRun } from './seed-of-run.ts';
export type { ChildModule, OpenInChild, Opened, RowsOpener, Target } from './target.ts';
export { TestClock } from './test-clock.ts';
export { withoutSettling } from './without-settling.ts';
export * from './checker/index.ts';
export * from './processes/index.ts';
