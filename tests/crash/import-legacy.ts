import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { COMMON, event, oldFile, OBSERVED, session, task } from '../../packages/import-legacy/test/old-files.ts';
import { newFolder, newPlace } from '../support/stores.ts';
import { operate } from './operation.ts';
import { rowsOf, SESSIONS, statusOf, whole, type Prepare } from './trial.ts';

/** Killed, it leaves the old file as it was, and a place that is closed, or that nothing is in. */
export const legacyImport: Prepare = async (kind) => {
  const model = oldFile([4], {
    ...COMMON,
    ...OBSERVED,
    session_state: [...(COMMON['session_state'] ?? []), ...many((n) => session({ session_id: `대화-${n}` }))],
    task_queue: [
      ...(COMMON['task_queue'] ?? []),
      ...many((n) => task({ task_id: `작업-${n}`, session_id: `대화-${n}` })),
    ],
    event_log: [...(COMMON['event_log'] ?? []), ...many((n) => event({ session_id: `대화-${n}` }))],
  });
  const empty = await newPlace('sqlite');
  await operate({ is: 'migrate', store: empty });
  const emptyRows = await rowsOf(empty);
  return async () => {
    const [file, store] = [join(newFolder(), 'old.db'), await newPlace(kind)];
    copyFileSync(model, file);
    const before = readFileSync(file);
    const isAsItWas = () => readFileSync(file).equals(before);
    const isDone = async () => (await rowsOf(store))['tasks'] !== emptyRows['tasks'];
    return {
      operation: { is: 'import', file, store },
      promised: async () => {
        expect(isAsItWas()).toBe(true);
        const state = await statusOf(store);
        expect(['absent', 'filling', null]).toContain(state);
        return state === null && (await isDone()) ? 'done' : 'cut off';
      },
      done: async () => {
        expect(isAsItWas()).toBe(true);
        const events = await whole(store);
        expect(events.filter(({ type }) => type === 'session.opened')).toHaveLength(2 + SESSIONS);
        expect(events.filter(({ type }) => type === 'task.queued')).toHaveLength(3 + SESSIONS);
        expect(events.filter(({ type }) => type === 'legacy.event')).toHaveLength(3 + SESSIONS);
      },
    };
  };
};

function many<Row>(row: (n: number) => Row): Row[] {
  return Array.from({ length: SESSIONS }, (_, n) => row(n));
}
