import { EventEmitter, once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Logger, makeWorkerUtils, run, type Runner, type WorkerEvents, type WorkerUtils } from 'graphile-worker';
import { payloadOf, type Payload } from '../tasks.ts';
import { fail } from './callers.ts';
import type { Contestant, OnTask, Seat, Tally } from './contestant.ts';

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

/**
 * graphile-worker with its own runner. It writes no event log and no fence.
 *
 * To start a runner takes longer than many jobs: it connects, looks at the schema, and fills its pool. So one runner
 * lives as long as the process, and waits at a gate between two turns.
 */
export async function openGraphileWorker({ url, callers, isFirst }: Seat, setting: Setting): Promise<Contestant> {
  const utils = await makeWorkerUtils({ connectionString: url, logger: LOGGER });
  if (isFirst) await utils.migrate();
  const gate = new Gate();
  const events: WorkerEvents = new EventEmitter();
  let hasJobs = false;
  events.on('localQueue:setMode', ({ newMode }) => {
    hasJobs = newMode === 'WAITING';
  });
  let runner: Runner | undefined;
  return {
    async enqueue(tasks) {
      await utils.addJobs(tasks.map((task) => ({ identifier: TASK, payload: payloadOf(task) })));
    },
    async start(onTask) {
      gate.open(onTask);
      runner ??= await run({
        preset: {
          worker: { connectionString: url, concurrentJobs: callers, maxPoolSize: callers + 3, ...PRESETS[setting] },
        },
        noHandleSignals: true,
        logger: LOGGER,
        events,
        taskList: { [TASK]: (payload) => gate.pass((payload as Payload).lines) },
      });
    },
    async stop() {
      gate.shut();
      await gate.filledBy(callers);
    },
    async finish(onTask) {
      gate.open(onTask);
      // A local queue fails to stop while it has jobs (0.18.0), so those are handled first.
      if (hasJobs) await once(events, 'localQueue:setMode');
      await runner?.stop();
    },
    tally: () => tallyOf(utils),
    close: async () => utils.release(),
  };
}

/** Each caller ends up here soon after it was shut; one that does not has nothing to do. */
const FILLED_WITHIN_MS = 2_000;

/** Where the callers of a runner wait, each with the job that it has fetched. */
class Gate {
  #onTask: OnTask | null = null;
  #opened = Promise.withResolvers<void>();
  #waiting = 0;

  open(onTask: OnTask): void {
    this.#onTask = onTask;
    this.#opened.resolve();
  }

  shut(): void {
    this.#onTask = null;
    this.#opened = Promise.withResolvers();
  }

  /** Nothing to wait for while it is open, so that a job is handled without a promise of ours. */
  pass(task: number): Promise<void> | void {
    if (this.#onTask === null) return this.#wait(task);
    this.#onTask(task);
  }

  async filledBy(callers: number): Promise<void> {
    for (let waited = 0; this.#waiting < callers && waited < FILLED_WITHIN_MS; waited += 1) await setTimeout(1);
  }

  async #wait(task: number): Promise<void> {
    this.#waiting += 1;
    while (this.#onTask === null) await this.#opened.promise;
    this.#waiting -= 1;
    this.#onTask(task);
  }
}

/** A worker says that it has stopped while its last completions are still on their way. */
const COMPLETED_WITHIN_MS = 2_000;
const POLL_MS = 20;

async function tallyOf(utils: WorkerUtils): Promise<Tally> {
  let tally = await countsOf(utils);
  for (let waited = 0; tally.held > 0 && waited < COMPLETED_WITHIN_MS; waited += POLL_MS) {
    await setTimeout(POLL_MS);
    tally = await countsOf(utils);
  }
  return tally;
}

/** What is done is deleted. A job that failed once waits with its error. */
async function countsOf(utils: WorkerUtils): Promise<Tally> {
  const { rows } = await utils.withPgClient((client) =>
    client.query<Omit<Tally, 'done'>>(`
      SELECT count(*) FILTER (WHERE last_error IS NULL AND locked_at IS NULL)::int AS waiting,
        count(*) FILTER (WHERE last_error IS NULL AND locked_at IS NOT NULL)::int AS held,
        count(*) FILTER (WHERE last_error IS NOT NULL)::int AS failed
      FROM graphile_worker.jobs`),
  );
  const [row] = rows;
  if (row === undefined) throw new Error('graphile-worker did not count its jobs');
  return { done: null, ...row };
}
