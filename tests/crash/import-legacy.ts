import { expect } from 'vitest';
import { isImported, newRun, stateOf } from '../../packages/storage-sqlite/test/importing.ts';
import { newFolder } from '../support/stores.ts';
import type { Prepare } from './trial.ts';

/** Killed, it leaves an old database, row by row as it was, or a store with all of it. */
export const legacyImport: Prepare = async () => async () => {
  const { path } = newRun(newFolder(), 'run');
  return {
    operation: { is: 'import', store: `sqlite:${path}` },
    promised: async () => {
      const state = await stateOf(path);
      expect(state).not.toBe('neither');
      return state === 'a store' ? 'done' : 'cut off';
    },
    done: () => isImported(path),
  };
};
