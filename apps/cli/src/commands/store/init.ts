import type { Define } from '../../program.ts';
import { printable } from '../../output/printable.ts';

export const defineInit: Define = (parent, run) => {
  parent
    .command('init')
    .description('create the store, or upgrade it; the first task does that, too')
    .action(
      run(async (call) => {
        const { openStorage, parseStoreUrl, resolveStore } = await import('@agent-orchestrator/runtime');
        const { url } = parseStoreUrl(resolveStore(call.options.store).url);
        const storage = await openStorage(url);
        try {
          const { created, applied } = await storage.migrate();
          const what = created ? 'created' : applied.length > 0 ? 'upgraded' : 'was there already, and up to date';
          return {
            kind: 'store',
            data: { url, created, applied },
            asOf: await storage.read.settledEventId(),
            ids: [url],
            text: () => [`${what}: ${printable(url)}`],
            chatter: ['next: orchestrator task create TITLE'],
          };
        } finally {
          await storage.close();
        }
      }),
    );
};
