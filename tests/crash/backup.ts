import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { newFolder } from '../support/stores.ts';
import { operate } from './operation.ts';
import { statusOf, filledStore, rowsOf, whole, type Prepare } from './trial.ts';

/** Killed, it leaves the store as it was, and nothing under the final name that is not a whole backup. */
export const backup: Prepare = async (kind) => {
  const { url: store } = await filledStore(kind);
  const rows = await rowsOf(store);
  return async () => {
    const file = join(newFolder(), 'backup.db');
    const operation = { is: 'backup', store, file } as const;
    const isWhole = async () => {
      expect(await statusOf(`sqlite:${file}`)).toBe('backup');
      expect(await rowsOf(`sqlite:${file}`)).toEqual(rows);
      await whole(`sqlite:${file}`);
    };
    return {
      operation,
      promised: async () => {
        expect([await statusOf(store), await rowsOf(store)]).toEqual([null, rows]);
        if (!existsSync(file)) return 'cut off';
        await isWhole();
        return 'done';
      },
      finish: async () => {
        if (existsSync(file)) await expect(operate(operation)).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });
        else await operate(operation);
      },
      done: async () => {
        expect(readdirSync(dirname(file))).toEqual(['backup.db']);
        await isWhole();
      },
    };
  };
};
