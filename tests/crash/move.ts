import { expect } from 'vitest';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { newPlace } from '../support/stores.ts';
import { copyOf, statusOf, filledStore, rowsOf, SOME, whole, type Prepare } from './trial.ts';

/** To the other kind of store. Killed, it leaves at most one of the two open, and in the old one all that it held. */
export const move: Prepare = async (kind) => {
  const { url: model, held } = await filledStore(kind);
  const rows = await rowsOf(model);
  await whole(model);
  return async () => {
    const [from, to] = [await copyOf(model), await newPlace(kind === 'sqlite' ? 'postgres' : 'sqlite')];
    return {
      operation: { is: 'move', from, to },
      promised: async () => {
        const statuses = `${await statusOf(from)} ${await statusOf(to)}`;
        // The old store is closed first. The new one is made before its state says `filling`: until then it is open and
        // empty.
        expect([
          'null absent',
          'moving absent',
          'moving null',
          'moving filling',
          'moved filling',
          'moved null',
        ]).toContain(statuses);
        expect(await rowsOf(from)).toEqual(rows);
        if (statuses === 'moved null') expect(await rowsOf(to)).toEqual(rows);
        else if (statuses.endsWith('null')) expect(await whole(to)).toEqual([]);
        return statuses === 'moved null' ? 'done' : 'cut off';
      },
      done: async () => {
        expect([await statusOf(from), await statusOf(to)]).toEqual(['moved', null]);
        expect([await rowsOf(from), await rowsOf(to)]).toEqual([rows, rows]);
        await using orchestrator = await openOrchestrator(to);
        const answers = await Promise.all(held.slice(-SOME).map(({ token }) => orchestrator.heartbeat({ token })));
        expect(answers.filter(({ ok }) => !ok)).toEqual([]);
        expect(await orchestrator.claimTask({ agent: 'another-agent' })).toMatchObject({ ok: true });
        await whole(to);
      },
    };
  };
};
