import { OrchestratorError, type StorageProvider, type StoreLocation } from '@agent-orchestrator/core';
import type { FixName } from './place/judge.ts';

/** A store in a file. */
interface FileLocation extends StoreLocation {
  /** Absolute. */
  readonly path: string;
}

const EXAMPLE = 'sqlite:/path/to.db';

/**
 * `sqlite:` and a path. Only `%3F` in the path is percent-decoded.
 *
 * - `sqlite:/a/b.db` is absolute; so is `sqlite:///a/b.db`, the form of other tools
 * - `sqlite:b.db` and `sqlite:~/b.db` are made absolute by the caller
 *
 * A `?` is refused: options would follow it, and there are none. If it is part of the path, `urlOfFile` writes `%3F`.
 */
export const provider: StorageProvider<FileLocation> = {
  schemes: ['sqlite'],
  name: 'SQLite',
  example: EXAMPLE,

  parseUrl(url, { resolvePath }) {
    const path = resolvePath(pathIn(url.slice(url.indexOf(':') + 1)));
    const shown = urlOfFile(path);
    return { scheme: 'sqlite', path, url: shown, address: shown };
  },

  async open({ path }, options) {
    const { openSqliteStorage } = await import('./open.ts');
    return openSqliteStorage({ path, ...options });
  },

  async openRows({ path }, mode) {
    const { openSqliteRows } = await import('./copy/row-store.ts');
    return openSqliteRows({ path, mode });
  },

  urlOfFile,

  place: {
    async inspect({ path }) {
      const { inspectPlace } = await import('./place/inspect.ts');
      return inspectPlace(path);
    },
    async check({ path }) {
      const { checkPlace } = await import('./place/check.ts');
      return checkPlace(path);
    },
    async fix({ path }, fix) {
      const { fixPlace } = await import('./place/fix.ts');
      return fixPlace(path, fix as FixName);
    },
    async beginBackup(path, source) {
      const { beginBackup } = await import('./place/backup.ts');
      return beginBackup(path, source === null ? null : source.path);
    },
  },
};

function pathIn(rest: string): string {
  const path = rest.startsWith('///') ? rest.slice(2) : rest;
  if (path === '' || path === '/') throw invalid('The store URL names no file.');
  if (path.startsWith('//')) throw invalid('A SQLite store has no host: use one slash, or three.');
  if (path.startsWith(':')) throw invalid('A SQLite store cannot be in memory.', 'Use memory: instead.');
  if (path.endsWith('/')) throw invalid('The store URL names a folder, not a file.');
  if (path.includes('?')) throw invalid('The store URL has options, but a SQLite store takes none.');
  return path.replaceAll(QUESTION_MARK, (_, more: string) => (more === '' ? '?' : `%${more.slice(2)}3F`));
}

/** `%3F`, and the escaped forms of these three characters: `%253F`, `%25253F` … */
const QUESTION_MARK = /%((?:25)*)3F/g;

function urlOfFile(path: string): string {
  return `sqlite:${path.replaceAll(QUESTION_MARK, '%25$13F').replaceAll('?', '%3F')}`;
}

function invalid(message: string, hint = `Use ${EXAMPLE}`): OrchestratorError {
  return new OrchestratorError('STORE_URL_INVALID', message, { field: 'store', hint });
}
