/*
 * Preloaded into a process whose memory is asked for: tells the most that it ever had, when it ends. Not in TypeScript
 * and not a module, because to load either takes memory that would be counted.
 */
const { writeSync } = require('node:fs');

/** Where the process that asks reads the answer. */
const ANSWERS = 3;

process.once('exit', () => {
  writeSync(ANSWERS, String(process.resourceUsage().maxRSS / 1_024));
});
