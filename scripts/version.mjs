// Turns the waiting changesets into the next version of all packages: their manifests, the lock, and a section of
// CHANGELOG.md. Commits nothing.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { readChangesets } from '@changesets/read';
import { sectionOf, withSection } from './changelog.ts';
import { sharedVersion } from './public-packages.mjs';

function run(command) {
  const { status } = spawnSync(command, { stdio: 'inherit', shell: true });
  if (status !== 0) process.exit(status ?? 1);
}

// Read before they are used up. The lock changes by versions of our own packages alone, so no registry is asked.
const changesets = await readChangesets(process.cwd());
run('changeset version');
run('npm install --package-lock-only --ignore-scripts --offline');

const version = sharedVersion();
const section = sectionOf(version, new Date().toISOString().slice(0, 10), changesets);
writeFileSync('CHANGELOG.md', withSection(readFileSync('CHANGELOG.md', 'utf8'), section));
console.log(`version ${version}; when it is on main: git tag v${version} && git push origin v${version}`);
