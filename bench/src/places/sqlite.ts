import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from './place.ts';

/** Each file in a folder of its own. */
export function sqlite(parent: string): Place {
  return {
    name: 'SQLite',
    async fresh() {
      const folder = mkdtempSync(join(parent, 'store-'));
      return {
        url: `sqlite:${join(folder, 'store.db')}`,
        [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true, force: true }),
      };
    },
    use: async () => ({ cpuMs: 0, walBytes: 0 }),
  };
}
