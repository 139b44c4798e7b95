import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Stores in files, through the published shape of storage-sqlite. All that a storage can offer. */
const SHELF = `
import { provider as files } from '@agent-orchestrator/storage-sqlite/provider';

const inFile = ({ path }) => files.parseUrl(files.urlOfFile(path), { resolvePath: (path) => path });

export const provider = {
  schemes: ['shelf'],
  name: 'Shelf',
  example: 'shelf:/path/to.shelf',
  parseUrl(url, from) {
    const { path } = files.parseUrl('sqlite:' + url.slice(url.indexOf(':') + 1), from);
    return { scheme: 'shelf', path, url: 'shelf:' + path, address: 'shelf:' + path };
  },
  open: (location, options) => files.open(inFile(location), options),
  openRows: (location, mode) => files.openRows(inFile(location), mode),
  place: {
    inspect: (location) => files.place.inspect(inFile(location)),
    check: (location) => files.place.check(inFile(location)),
    fix: (location, fix) => files.place.fix(inFile(location), fix),
  },
};
`;

/** The same stores, and no more than a storage has to offer. */
const JAR = `
import { provider as shelf } from 'storage-shelf';

export const provider = {
  schemes: ['jar'],
  name: 'Jar',
  example: 'jar:/path/to.jar',
  parseUrl(url, from) {
    const { path } = shelf.parseUrl('shelf:' + url.slice(url.indexOf(':') + 1), from);
    return { scheme: 'jar', url: 'jar:' + path, address: 'jar:' + path };
  },
  open({ url }, options) {
    const from = { resolvePath: (path) => path };
    return shelf.open(shelf.parseUrl('shelf:' + url.slice(url.indexOf(':') + 1), from), options);
  },
};
`;

/** The name of JAR's module is one that a URL cannot have as it is. */
export const JAR_MODULE = './jar #1%20.mjs';

/**
 * Makes a folder with a configuration that names two storages of other packages, and with what `npm install` would have
 * put there: copies of our packages of their own, as they are published.
 */
export function installStorages(folder: string): void {
  const modules = join(folder, 'node_modules');
  for (const name of ['core', 'storage-sql', 'storage-sqlite'])
    copyPackage(name, join(modules, '@agent-orchestrator', name));
  write(join(modules, 'storage-shelf', 'package.json'), {
    name: 'storage-shelf',
    version: '1.0.0',
    type: 'module',
    exports: { '.': { import: './index.js' } },
  });
  write(join(modules, 'storage-shelf', 'index.js'), SHELF);
  write(join(folder, JAR_MODULE), JAR);
}

/** What `npm pack` would take, and beside it, as links, what it depends on. */
function copyPackage(name: string, to: string): void {
  const from = join(root, 'packages', name);
  const { files, dependencies } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as Manifest;
  for (const file of ['package.json', ...files.filter((file) => !file.startsWith('!'))])
    cpSync(join(from, file), join(to, file), { recursive: true });
  const ours = createRequire(join(from, 'package.json'));
  for (const dependency of Object.keys(dependencies)) {
    if (dependency.startsWith('@agent-orchestrator/')) continue;
    const link = join(to, 'node_modules', dependency);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(folderOf(ours, dependency), link, 'junction');
  }
}

interface Manifest {
  readonly files: readonly string[];
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Where a dependency is installed: beside the package, or further up. */
function folderOf(from: NodeJS.Require, dependency: string): string {
  for (const path of from.resolve.paths(dependency) ?? []) {
    const folder = join(path, dependency);
    if (existsSync(folder)) return folder;
  }
  throw new Error(`${dependency} is not installed.`);
}

function write(path: string, content: string | object): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
}
