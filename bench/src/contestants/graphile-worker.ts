import { Logger, makeWorkerUtils, run, type Runner } from 'graphile-worker';
import { payloadOf, type Payload } from '../tasks.ts';
import { fail } from './callers.ts';
import type { Contestant, Seat } from './contestant.ts';

const TASK = 'main';
const LOGGER = new Logger(() => (level, message) => {
  if (level === 'error') fail(new Error(message));
});

/** `as it comes`: no setting but concurrency; `tuned`: by its page on performance, with batches on both ways. */
export type Setting = 'as it comes' | 'tuned';

const PRESETS = {
  'as it comes': {},
  tuned: { localQueue: { size: 200 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
} as const;

/** graphile-worker with its own runner. It writes no event log and no fence. */
export async function openGraphileWorker({ url, callers, isFirst }: Seat, setting: Setting): Promise<Contestant> {
  const utils = await makeWorkerUtils({ connectionString: url, logger: LOGGER });
  if (isFirst) await utils.migrate();
  let runner: Runner | undefined;
  return {
    async enqueue(tasks) {
      await utils.addJobs(tasks.map((task) => ({ identifier: TASK, payload: payloadOf(task) })));
    },
    async start(onTask) {
      runner = await run({
        preset: {
          worker: { connectionString: url, concurrentJobs: callers, maxPoolSize: callers + 3, ...PRESETS[setting] },
        },
        noHandleSignals: true,
        logger: LOGGER,
        taskList: { [TASK]: (payload) => onTask((payload as Payload).lines) },
      });
    },
    stop: async () => runner?.stop(),
    close: async () => utils.release(),
  };
}
