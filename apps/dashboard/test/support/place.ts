import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';

/** Where a test keeps its store. */
export interface Place {
  readonly url: string;
  readonly drop: () => Promise<void>;
}

type CreateDatabase = (
  url: string,
  options: { readonly migrated: false },
) => Promise<{ readonly adminUrl: string; drop(): Promise<void> }>;

export async function newPlace(kind: 'sqlite' | 'postgres', createDatabase: CreateDatabase): Promise<Place> {
  if (kind === 'postgres') {
    const database = await createDatabase(inject('postgresUrl'), { migrated: false });
    return { url: database.adminUrl, drop: () => database.drop() };
  }
  const folder = mkdtempSync(join(tmpdir(), 'dashboard-store-'));
  return {
    url: `sqlite:${join(folder, 'store.db')}`,
    drop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}
