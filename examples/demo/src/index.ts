/** Two agents, a `kill -9`, and promises that are checked on the log. Start at `playDemo`. */
export { playDemo, type DemoOptions, type DemoResult } from './director.ts';
export { SUMMARY_HEADING, summaryRows } from './screen.ts';
