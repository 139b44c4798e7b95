import { existsSync } from 'node:fs';
import type { Define } from '../../program.ts';
import { printable } from '../../output/printable.ts';

export const definePath: Define = (parent, run) => {
  parent
    .command('path')
    .description('tell which store is meant, and what decided; opens nothing')
    .action(
      run(async (call) => {
        const { parseStoreUrl, resolveStore } = await import('@agent-orchestrator/runtime');
        const { url: given, from: source } = resolveStore(call.options.store);
        const store = parseStoreUrl(given);
        const from = source === 'argument' ? '--store' : source;
        const path = store.scheme === 'sqlite' ? store.path : null;
        const exists = path === null ? null : existsSync(path);
        const state = exists === null ? '' : exists ? '; exists' : '; not there yet';
        return {
          kind: 'store_path',
          data: { url: store.url, path, from, exists },
          ids: [store.url],
          text: (paint) => [`${printable(store.url)}  ${paint('dim', `(from ${from}${state})`)}`],
          chatter: exists === false ? ['next: orchestrator store init'] : [],
        };
      }),
    );
};
