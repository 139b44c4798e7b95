import { isCompanionName, OrchestratorError, type StorageProvider, type StoreLocation } from '@agent-orchestrator/core';

/** A store in a file. */
interface FileLocation extends StoreLocation {
  /** Absolute. */
  readonly path: string;
}

const EXAMPLE = 'node-sqlite:/path/to.db';

/**
 * What the runtime knows of this storage. It is loaded before it is known whether it is needed, so the driver is not.
 * There is no `place`: `doctor` says that it did not look at the place, and `store init --roles` is refused.
 */
export const provider: StorageProvider<FileLocation> = {
  schemes: ['node-sqlite'],
  name: 'node:sqlite',
  example: EXAMPLE,

  parseUrl(url, { resolvePath }) {
    const rest = url.slice(url.indexOf(':') + 1);
    if (rest === '' || rest.endsWith('/') || rest.startsWith('//'))
      throw invalid('A node:sqlite store is a file, and has no host.');
    const path = resolvePath(rest);
    // Also in the name of a folder above: then the URL that others are given would not name the file.
    if (path.includes('?')) throw invalid('A node:sqlite store has no options, and no ? in its path.');
    if (isCompanionName(path)) throw invalid('SQLite gives the name of this file to one beside another store.');
    const shown = `node-sqlite:${path}`;
    return { scheme: 'node-sqlite', path, url: shown, address: shown };
  },

  async open({ path }, options) {
    const { openNodeSqliteStorage } = await import('./open.ts');
    return openNodeSqliteStorage({ path, ...options });
  },

  async openRows({ path }, mode) {
    const { openNodeSqliteRows } = await import('./row-store.ts');
    return openNodeSqliteRows(path, mode);
  },
};

function invalid(message: string): OrchestratorError {
  return new OrchestratorError('STORE_URL_INVALID', message, { field: 'store', hint: `Use ${EXAMPLE}` });
}
