import { expect } from 'vitest';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { newPlace } from '../support/stores.ts';
import { copyOf, statusOf, filledStore, rowsOf, whole, type Prepare } from './trial.ts';

/** To the other kind of store. Killed, it leaves at most one of the two open, and in the old one all that it held. */
export const move: Prepare = async (kind) => {
  const model = await filledStore(kind);
  const rows = await rowsOf(model);
  const held = (await whole(model)).find(({ type }) => type === 'task.claimed');
  return async () => {
    const [from, to] = [await copyOf(model), await newPlace(kind === 'sqlite' ? 'postgres' : 'sqlite')];
    return {
      operation: { is: 'move', from, to },
      promised: async () => {
        const doors = `${await statusOf(from)} ${await statusOf(to)}`;
        // Made, and not yet marked, the new one is open and empty as long as the old one is open, or only just shut.
        expect(['null absent', 'null null', 'moving null', 'moving copying', 'moved copying', 'moved null']).toContain(
          doors,
        );
        expect(await rowsOf(from)).toEqual(rows);
        if (doors === 'moved null') expect(await rowsOf(to)).toEqual(rows);
        else if (doors.endsWith('null')) expect(await whole(to)).toEqual([]);
        return doors === 'moved null' ? 'done' : 'cut off';
      },
      done: async () => {
        expect([await statusOf(from), await statusOf(to)]).toEqual(['moved', null]);
        expect([await rowsOf(from), await rowsOf(to)]).toEqual([rows, rows]);
        await using orchestrator = await openOrchestrator(to);
        const { sessionId, token } = { sessionId: held?.sessionId ?? '', token: held?.fence ?? 0 };
        expect(await orchestrator.heartbeat({ token })).toMatchObject({ ok: true });
        expect(await orchestrator.claimTask({ agent: 'another-agent' })).toMatchObject({ ok: true });
        await whole(to);
      },
    };
  };
};
