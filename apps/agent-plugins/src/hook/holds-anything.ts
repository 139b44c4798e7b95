import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RegisteredHost } from '@agent-orchestrator/runtime';

/** Whether the process of a host may hold a lease, of any agent in any store. It reads names of files alone. */
export function holdsAnything({ folder }: Pick<RegisteredHost, 'folder'>): boolean {
  return namesIn(folder).some((name) => namesIn(join(folder, name, 'leases')).length > 0);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
