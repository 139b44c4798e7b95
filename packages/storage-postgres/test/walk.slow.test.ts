/* The long random walk beside the model: what a short one meets in a hundred runs, this one meets in a few. */
import { casesFor, runCase, type Target } from '@agent-orchestrator/storage-conformance';
import { expect, test } from 'vitest';
import { targetOf } from './target.ts';

const target = targetOf({ name: 'storage-postgres', walk: { steps: 3_000 } });

test.each(casesFor(target).filter(({ chapter }) => chapter === 'random walk beside the model'))(
  '$title',
  { timeout: 600_000 },
  async (one) => {
    await runCase(target as unknown as Target, one);
    expect(one.needs).toBeNull();
  },
);
