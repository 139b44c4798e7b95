import { join } from 'node:path';
import { expect } from 'vitest';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { newFolder, newPlace } from '../support/stores.ts';
import { operate } from './operation.ts';
import { statusOf, filledStore, rowsOf, SESSIONS, SOME, whole, type Prepare } from './trial.ts';

/** Killed, it leaves the backup as it was, and a place that is closed, or that nothing is in. */
export const restore: Prepare = async (kind) => {
  const file = join(newFolder(), 'backup.db');
  const { url: store, held: leases } = await filledStore('sqlite');
  await operate({ is: 'backup', store, file });
  const [rows, empty] = [await rowsOf(`sqlite:${file}`), await rowsOf(await emptyStore())];
  return async () => {
    const to = await newPlace(kind);
    const operation = { is: 'restore', file, store: to } as const;
    let isDone = false;
    return {
      operation,
      promised: async () => {
        expect([await statusOf(`sqlite:${file}`), await rowsOf(`sqlite:${file}`)]).toEqual(['backup', rows]);
        const state = await statusOf(to);
        isDone = state === null && (await rowsOf(to))['tasks'] !== empty['tasks'];
        expect(['absent', 'filling', 'closing_leases', null]).toContain(state);
        return isDone ? 'done' : 'cut off';
      },
      finish: async () => {
        if (isDone) await expect(operate(operation)).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });
        else await operate(operation);
      },
      done: async () => {
        const events = await whole(to);
        expect(events.filter(({ type }) => type === 'task.queued')).toHaveLength(2 * SESSIONS);
        const closed = events.filter(({ type }) => type === 'task.recovered');
        expect(closed.map(({ streamId }) => streamId).toSorted()).toEqual(
          leases.map(({ sessionId }) => sessionId).toSorted(),
        );
        await using orchestrator = await openOrchestrator(to);
        const answers = await Promise.all(leases.slice(-SOME).map(({ token }) => orchestrator.heartbeat({ token })));
        expect(answers.filter(({ ok }) => ok)).toEqual([]);
        const again = await orchestrator.claimTask({ agent: 'company-agent' });
        const fence = again.ok ? again.lease.fence : 0;
        expect(fence).toBeGreaterThan(Math.max(...leases.map((lease) => lease.fence)));
      },
    };
  };
};

async function emptyStore(): Promise<string> {
  const store = await newPlace('sqlite');
  await operate({ is: 'migrate', store });
  return store;
}
