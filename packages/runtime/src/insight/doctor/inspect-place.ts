import type { StoreUrl } from '../../stores/url.ts';
import type { PlaceFacts } from './facts.ts';

/** Looks at the place that a URL names; loads the code of no other kind of store. */
export async function inspectPlace(store: StoreUrl): Promise<PlaceFacts> {
  switch (store.scheme) {
    case 'memory':
      return { kind: 'memory' };
    case 'postgres': {
      const { inspectPostgres } = await import('@agent-orchestrator/storage-postgres');
      return { kind: 'server', ...(await inspectPostgres(store.address)) };
    }
    case 'sqlite': {
      const { inspectSqliteFile } = await import('@agent-orchestrator/storage-sqlite');
      return { kind: 'file', ...(await inspectSqliteFile(store.path)) };
    }
  }
}
