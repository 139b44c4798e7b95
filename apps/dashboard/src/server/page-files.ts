import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A file of the pages, ready to be sent. */
export interface PageFile {
  readonly plain: Buffer;
  readonly gzip: Buffer;
  readonly type: string;
  /** Its name has a hash of what it says. */
  readonly isImmutable: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** All files below a folder, by their paths: what is not among them does not exist for a browser. */
export function readPageFiles(folder: string): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const plain = readFileSync(join(folder, name));
    const path = `/${name.split(sep).join('/')}`;
    files.set(path, { plain, gzip: gzipSync(plain), type, isImmutable: path.startsWith('/assets/') });
  }
  return files;
}
