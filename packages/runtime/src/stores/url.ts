import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { OrchestratorError } from '@agent-orchestrator/core';

/** A store URL, understood. */
export type StoreUrl =
  /** One SQLite file; the path is absolute. */
  | { readonly scheme: 'sqlite'; readonly path: string; readonly url: string }
  /** A database that several machines share. `url` is for people: it has no password; `address` is what was given. */
  | { readonly scheme: 'postgres'; readonly url: string; readonly address: string }
  /** Lives as long as this process and is seen by it alone. */
  | { readonly scheme: 'memory'; readonly url: string };

/**
 * Reads a store URL: `sqlite:` and a path, `postgres:` and a server, or `memory:`.
 *
 * The path is taken as it stands, without percent-decoding but for `%3F`. `sqlite:/a/b.db` is absolute, `sqlite:b.db` starts from the
 * current folder, `sqlite:~/b.db` from the home folder (a shell does not expand that one), and `sqlite:///a/b.db`, the
 * form of other tools, is `/a/b.db`. A `?` is refused, since what follows it would be options, and there are none; where it is part
 * of the path, `fileStoreUrl` writes it as `%3F`.
 *
 * @param folder where a relative path starts from, if not in the current folder
 * @throws `STORE_URL_INVALID`; the message never repeats what may hold a password
 */
export function parseStoreUrl(url: string, folder = ''): StoreUrl {
  const [, scheme, rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s.exec(url) ?? [];
  if (scheme === undefined)
    throw invalid('The store URL has no scheme: a store is named by a URL, not by a path.', pathHint(url));
  switch (scheme.toLowerCase()) {
    case 'sqlite':
      return sqliteUrl(rest, folder);
    case 'postgres':
    case 'postgresql':
      return serverUrl(url);
    case 'memory':
      if (rest !== '') throw invalid('A memory store has no name: nothing may follow memory:');
      return { scheme: 'memory', url: 'memory:' };
    default:
      throw invalid(`There is no storage for ${scheme}: URLs.`);
  }
}

function sqliteUrl(rest: string, folder: string): StoreUrl {
  const path = rest.startsWith('///') ? rest.slice(2) : rest;
  if (path === '' || path === '/') throw invalid('The store URL names no file.');
  if (path.startsWith('//')) throw invalid('A SQLite store has no host: write one slash, or three.');
  if (path.startsWith(':')) throw invalid('SQLite is not asked to keep a store in memory.', 'Write memory: instead.');
  if (path.endsWith('/')) throw invalid('The store URL names a folder, not a file.');
  if (path.includes('?')) throw invalid('The store URL has options, and a SQLite store takes none.');
  if (path.includes('\0')) throw invalid('The path in the store URL holds U+0000.');
  const inFull = path.startsWith('~/') ? resolve(homedir(), path.slice(2)) : resolve(folder, path);
  const absolute = inFull.replaceAll(QUESTION_MARK, (_, more: string) => (more === '' ? '?' : `%${more.slice(2)}3F`));
  return { scheme: 'sqlite', path: absolute, url: fileStoreUrl(absolute) };
}

/** `%3F`, and what stands for these three characters themselves: `%253F`, `%25253F` … */
const QUESTION_MARK = /%((?:25)*)3F/g;

/** The URL of the store in a file: the other way round. */
export function fileStoreUrl(path: string): string {
  return `sqlite:${path.replaceAll(QUESTION_MARK, '%25$13F').replaceAll('?', '%3F')}`;
}

/** What its options mean is for the storage to say. */
function serverUrl(address: string): StoreUrl {
  if (!URL.canParse(address))
    throw invalid('The store URL is malformed. A password with / ? # @ or % in it must be percent-encoded.');
  const { username, host, pathname } = new URL(address);
  return { scheme: 'postgres', url: `postgres://${username === '' ? '' : `${username}@`}${host}${pathname}`, address };
}

/** Whoever writes a path gets the URL for it, unless it looks like the address of a server, which may hold a password. */
function pathHint(url: string): string | undefined {
  return url === '' || /[@?\0]/.test(url) ? undefined : `Write sqlite:${url}`;
}

function invalid(message: string, hint?: string): OrchestratorError {
  return new OrchestratorError('STORE_URL_INVALID', message, { field: 'store', ...(hint !== undefined && { hint }) });
}
