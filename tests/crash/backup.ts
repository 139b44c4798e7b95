import { existsSync, readdirSync, rmSync, utimesSync } from 'node:fs';
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
        await removeOtherName(file);
        await isWhole();
        return 'done';
      },
      finish: async () => {
        if (existsSync(file)) {
          await expect(operate(operation)).rejects.toMatchObject({ code: 'STORE_NOT_EMPTY' });
          return;
        }
        letTimePass(dirname(file));
        await operate(operation);
      },
      done: async () => {
        expect(readdirSync(dirname(file))).toEqual(['backup.db']);
        await isWhole();
      },
    };
  };
};

/** Only what was not written for ten minutes counts as left. */
function letTimePass(folder: string): void {
  for (const name of readdirSync(folder)) utimesSync(join(folder, name), 0, 0);
}

/** Does what the error says of a file that was killed with two names. */
async function removeOtherName(file: string): Promise<void> {
  const [left] = readdirSync(dirname(file)).filter((name) => name.startsWith('backup.db.partial-'));
  if (left === undefined) return;
  const hint = expect.stringContaining(`remove it: ${join(dirname(file), left)}`) as string;
  await expect(statusOf(`sqlite:${file}`)).rejects.toMatchObject({ code: 'STORE_SECOND_NAME', hint });
  rmSync(join(dirname(file), left));
}
