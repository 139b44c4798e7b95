import { statSync } from 'node:fs';
import type { Define } from '../../command-module.ts';

export const definePath: Define = (parent, run) => {
  parent
    .command('path')
    .description('print the address of the store and its origin, without opening it')
    .action(
      run(async (call) => {
        const { locateStore } = await import('@agent-orchestrator/runtime');
        const { value, origin } = call.settings.store;
        const { location } = await locateStore(value);
        const { url, path = null } = location;
        const from = origin ?? '--store';
        const exists = path === null ? null : isThere(path);
        const state = path === null ? '' : `; ${found(exists)}`;
        return {
          kind: 'store_path',
          data: { url, path, from, exists },
          ids: [url],
          idsArePlaces: true,
          text: (paint) => [`${url}  ${paint('dim', `(from ${from}${state})`)}`],
          chatter: exists === false ? ['next: orchestrator store init'] : [],
        };
      }),
    );
};

/** null: this user may not look, so it is unknown. */
function isThere(path: string): boolean | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return null;
  }
}

function found(exists: boolean | null): string {
  if (exists === null) return 'this user cannot see whether it exists';
  return exists ? 'exists' : 'does not exist yet';
}
