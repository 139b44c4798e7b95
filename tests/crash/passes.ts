import type { EventType } from '@agent-orchestrator/core';
import { expect } from 'vitest';
import { openRows } from '../../packages/runtime/src/stores/open-rows.ts';
import { copyOf, filledStore, HELD, whole, type Prepare, type Trial } from './trial.ts';

/** Over hundreds of stale sessions. Killed, it has closed some of the leases, each of them once. */
export const recovery: Prepare = async (kind) => {
  const { url: model } = await filledStore(kind);
  return async () => pass(await copyOf(model), 'task.recovered');
};

/** What must come before a recovery. Killed, it has given some of the holders their new TTL, each of them once. */
export const clockJump: Prepare = async (kind) => {
  const { url: model } = await filledStore(kind, 'ahead');
  return async () => {
    const store = await copyOf(model);
    const trial = pass(store, 'clock.jumped');
    return {
      ...trial,
      done: async () => {
        await trial.done();
        await using rows = await openRows(store, 'read-only');
        expect((await rows.clock()).jump).toBeNull();
      },
    };
  };
};

function pass(store: string, type: EventType): Trial {
  const reached = async () => {
    const sessions = (await whole(store)).flatMap((event) => (event.type === type ? event.sessionId : []));
    expect(new Set(sessions).size).toBe(sessions.length);
    return sessions.length;
  };
  return {
    operation: { is: 'recover', store },
    promised: async () => ((await reached()) === HELD ? 'done' : 'cut off'),
    done: async () => expect(await reached()).toBe(HELD),
  };
}
