/** Moves a store in a process of its own, which kills itself once that part of the log has been copied. */
import { moveStore } from '@agent-orchestrator/runtime';

export interface MoverSettings {
  readonly from: string;
  readonly to: string;
  /** Between 0 and 1. */
  readonly part: number;
}

const { from, to, part } = JSON.parse(process.argv[2] ?? '') as MoverSettings;

await moveStore({
  from,
  to,
  onProgress({ step, table, done, of }) {
    if (step === 'copying' && table === 'event_log' && done >= of * part) process.kill(process.pid, 'SIGKILL');
  },
});
