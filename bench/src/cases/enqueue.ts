import type { BenchCase } from '../bench-case.ts';
import { duel } from '../duel.ts';
import { BATCH, batchOfTasks, openProduct } from '../product.ts';
import { resultOf } from '../result.ts';
import { takeSample } from '../take-sample.ts';
import { RawInserts } from '../sqlite/raw-inserts.ts';
import { pathOf, sqlite } from '../sqlite/subject.ts';

/** New tasks, a thousand a call, against bare inserts of the same rows. */
export const enqueue: BenchCase = {
  name: 'enqueue',
  async run(bench) {
    const subject = sqlite(bench.folder, 'NORMAL');
    const sample = await takeSample(bench.folder);
    const tasks = batchOfTasks();
    const shared = { callers: 1, unitsPerCall: BATCH };
    const pairs = await duel(bench, {
      subject,
      course: { turns: 6, unitsPerTurn: 2 * BATCH },
      tasks: BATCH,
      sameRows: true,
      open: {
        async ours(store) {
          const orchestrator = await openProduct(store);
          return {
            ...shared,
            work: async () => void (await orchestrator.enqueueTasks(tasks)),
            close: () => orchestrator[Symbol.asyncDispose](),
          };
        },
        async floor(store) {
          const inserts = new RawInserts(pathOf(store), 'NORMAL', sample);
          return {
            ...shared,
            work: async () => inserts.insertBatch(),
            close: async () => inserts.close(),
          };
        },
      },
    });
    return [
      resultOf(
        {
          name: `${subject.name}: enqueue, batches of ${BATCH.toLocaleString('en')}`,
          unit: 'tasks/s',
          against: 'bare inserts of the same rows',
          target: { atLeast: 0.5 },
        },
        pairs,
      ),
    ];
  },
};
