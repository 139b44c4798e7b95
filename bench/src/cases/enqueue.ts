import type { BenchCase } from '../bench-case.ts';
import { duel } from '../duel.ts';
import { RawInserts } from '../raw-inserts.ts';
import { resultOf } from '../result.ts';
import { takeSample } from '../sample.ts';
import { BATCH, batchOfTasks, openOurs } from '../store.ts';

/** New tasks, a thousand a call, against bare inserts of the same rows. */
export const enqueue: BenchCase = {
  name: 'enqueue',
  async run(bench) {
    const sample = await takeSample(bench.folder);
    const tasks = batchOfTasks();
    const pairs = await duel(bench, {
      course: { turns: 6, unitsPerTurn: 2 },
      tasks: BATCH,
      sameRows: true,
      open: {
        async ours(path) {
          const orchestrator = await openOurs(path, 'NORMAL');
          return {
            async run(batches) {
              for (let left = batches; left > 0; left -= 1) await orchestrator.enqueueTasks(tasks);
            },
            close: () => orchestrator[Symbol.asyncDispose](),
          };
        },
        async floor(path) {
          const inserts = new RawInserts(path, 'NORMAL', sample);
          return {
            async run(batches) {
              for (let left = batches; left > 0; left -= 1) inserts.insertBatch();
            },
            async close() {
              inserts.close();
            },
          };
        },
      },
    });
    const tasksPerSecond = pairs.map(({ ours, floor }) => ({ ours: ours * BATCH, floor: floor * BATCH }));
    return [
      resultOf(
        {
          name: `enqueue, batches of ${BATCH.toLocaleString('en')}, NORMAL`,
          unit: 'tasks/s',
          against: 'bare inserts of the same rows',
          target: { atLeast: 0.5 },
        },
        tasksPerSecond,
      ),
    ];
  },
};
