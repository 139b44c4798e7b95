// Packs every public package as npm would publish it, and looks at the tarballs as their users will:
// publint and attw judge them, then all are installed into an empty project and loaded there.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { publicPackages } from './public-packages.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'orchestrator-packages-'));
const failed = new Set();

/** Through a shell, as npm does it: on Windows the commands are .cmd files. */
function run(name, command, cwd = process.cwd()) {
  if (spawnSync(command, { cwd, stdio: 'inherit', shell: true }).status !== 0) failed.add(name);
}

const packages = publicPackages();
const tarballs = [];

for (const { folder, manifest } of packages) {
  const { name, exports } = manifest;
  console.log(`packages: ${name}`);
  const packed = execFileSync('npm', ['pack', '--json', '--foreground-scripts=false', '--pack-destination', scratch], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const tarball = join(scratch, Object.values(JSON.parse(packed))[0].filename);
  tarballs.push(tarball);
  run(name, `publint --strict ${tarball}`);
  // attw resolves what a program imports; a package with only a bin has nothing to resolve.
  if (exports) run(name, `attw --quiet --profile esm-only ${tarball}`);
}

console.log('packages: install elsewhere');
const elsewhere = mkdtempSync(join(scratch, 'elsewhere-'));
writeFileSync(join(elsewhere, 'package.json'), '{ "private": true, "type": "module" }\n');
run(
  'install',
  `npm install --no-audit --no-fund --no-package-lock --ignore-scripts --loglevel=error ${tarballs.join(' ')}`,
  elsewhere,
);
for (const { name, exports, bin } of packages.map(({ manifest }) => manifest)) {
  // The suite is loaded by vitest alone.
  if (exports && name !== '@agent-orchestrator/storage-conformance')
    for (const path of Object.keys(exports).filter((path) => !path.endsWith('.json')))
      run(name, `node -e "import('${name}${path.slice(1)}')"`, elsewhere);
  for (const command of Object.keys(bin ?? {})) run(name, `npm exec --offline ${command} -- --version`, elsewhere);
}

rmSync(scratch, { recursive: true, force: true });
if (failed.size > 0) {
  console.error(`packages: failed: ${[...failed].join(', ')}`);
  process.exit(1);
}
