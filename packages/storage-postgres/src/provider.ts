import type { StorageProvider } from '@agent-orchestrator/core';
import { passwordFileWith } from './server/password-file.ts';
import { parseServerUrl } from './server/server-address.ts';

/** `postgres://` and a server with its database: see `server-address.ts`. */
export const provider: StorageProvider = {
  schemes: ['postgres', 'postgresql'],
  name: 'PostgreSQL',
  example: 'postgres://user@host/database',

  parseUrl(url, { resolvePath }) {
    const { shown, rootCertificate } = parseServerUrl(url);
    const address = rootCertificate === null ? url : withCertificate(url, resolvePath(rootCertificate));
    return { scheme: 'postgres', url: shown, address };
  },

  withoutSecret({ address }) {
    const server = parseServerUrl(address);
    if (server.password === '') return null;
    const url = new URL(address);
    url.password = '';
    return {
      address: url.href,
      secret: { variable: 'PGPASSFILE', text: passwordFileWith(server), instead: ['PGPASSWORD'] },
    };
  },

  async open({ address }, { busyTimeoutMs, mode, filling, forOneCommand }) {
    const { openPostgresStorage } = await import('./open.ts');
    return openPostgresStorage({
      url: address,
      ...(mode !== undefined && { mode }),
      ...(busyTimeoutMs !== undefined && { retryMs: busyTimeoutMs }),
      ...(filling !== undefined && { filling }),
      ...(forOneCommand !== undefined && { forOneCommand }),
    });
  },

  async openRows({ address }, mode) {
    const { openPostgresRows } = await import('./copy/row-store.ts');
    return openPostgresRows({ url: address, mode });
  },

  // Differs: the server checks its own pages, so there is no `check`; a `fix` would need rights that no agent has.
  place: {
    async inspect({ address }) {
      const { inspectPlace } = await import('./place/inspect.ts');
      return inspectPlace(address);
    },
    async roles({ address }) {
      const [{ ROLE_STATEMENTS }, { createRoles }] = await Promise.all([
        import('./schema/roles.ts'),
        import('./place/roles.ts'),
      ]);
      return { statements: ROLE_STATEMENTS, create: () => createRoles(address) };
    },
  },
};

function withCertificate(url: string, path: string): string {
  const changed = new URL(url);
  changed.searchParams.set('sslrootcert', path);
  return changed.href;
}
