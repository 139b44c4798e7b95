// Usage: npm run pack:cli [FOLDER], which builds first
// Packs the command line with everything that it needs into one file, so that `npm install --global FILE` works without
// a network and without install scripts. It holds what npm would publish, and the packages that cannot be bundled.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../apps/cli/', import.meta.url));
const destination = resolve(process.argv[2] ?? '.');

/** Of a package with native code: what its sources are compiled from, and with. Its prebuilt binaries are what runs. */
const leftOut = {
  'better-sqlite3': { paths: ['deps', 'src', 'binding.gyp'], dependencies: ['node-addon-api'] },
};

const scratch = mkdtempSync(join(tmpdir(), 'orchestrator-pack-'));
try {
  const folder = unpacked(packed(cli));
  const manifest = readManifest(folder);
  const names = new Set();
  for (const name of Object.keys(manifest.dependencies ?? {})) include(name, cli, folder, names);

  // Only what is in the file counts: npm asks the registry for anything else that a manifest names.
  delete manifest.devDependencies;
  delete manifest.scripts;
  manifest.bundleDependencies = [...names];
  writeManifest(folder, manifest);

  const { filename, size, unpackedSize } = npmPack(folder, scratch);
  // Told apart by its name from what npm publishes, which needs a network.
  const file = join(destination, `orchestrator-${manifest.version}-self-contained.tgz`);
  mkdirSync(destination, { recursive: true });
  copyFileSync(join(scratch, filename), file);
  console.error(`includes ${[...names].join(', ')}; ${megabytes(size)}, unpacked ${megabytes(unpackedSize)}`);
  console.log(file);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function packed(folder) {
  return join(scratch, npmPack(folder, scratch).filename);
}

function npmPack(folder, into) {
  const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', into];
  const json = execFileSync('npm', words, { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' });
  return Object.values(JSON.parse(json))[0];
}

function unpacked(tarball) {
  execFileSync('tar', ['-xzf', tarball, '-C', scratch]);
  return join(scratch, 'package');
}

/** Copies a package, and those that it needs, into the `node_modules` of the folder. */
function include(name, from, folder, names) {
  if (names.has(name)) return;
  names.add(name);
  const source = folderOf(name, from);
  const target = join(folder, 'node_modules', name);
  const { paths = [], dependencies: unneeded = [] } = leftOut[name] ?? {};

  cpSync(source, target, { recursive: true, filter: (path) => !paths.some((one) => path === join(source, one)) });
  rmSync(join(target, 'node_modules'), { recursive: true, force: true });
  const manifest = readManifest(target);
  for (const one of unneeded) delete manifest.dependencies?.[one];
  writeManifest(target, manifest);
  for (const one of Object.keys(manifest.dependencies ?? {})) include(one, source, folder, names);
}

/** Where Node would find the package from that folder; it need not export its manifest. */
function folderOf(name, from) {
  for (const place of createRequire(join(from, 'package.json')).resolve.paths(name) ?? [])
    if (existsSync(join(place, name, 'package.json'))) return join(place, name);
  throw new Error(`${name} is not installed, as seen from ${dirname(from)}`);
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function writeManifest(folder, manifest) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
