// Usage: node scripts/release.mjs [--dry-run]
// Publishes every public package that the registry does not have in this version, so that a release that was cut off
// continues. With --dry-run npm does all but the upload, and asks no registry; a warning of npm fails it.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { publicPackages, sharedVersion } from './public-packages.mjs';

const isDry = process.argv.includes('--dry-run');
const version = sharedVersion();

/** A dry run has no login, and needs none. */
const expectedWarning = /^npm warn publish This command requires you to be logged in to .*\(dry-run\)$/u;

function npm(words, cwd) {
  const options = { cwd, encoding: 'utf8', shell: process.platform === 'win32' };
  const { status, stdout, stderr } = spawnSync('npm', [...words, '--loglevel=warn'], options);
  return { status, stdout, stderr: stderr.trim() };
}

/** npm accepts a statement of provenance only where the manifest names the repository that it was built from. */
function nameRepository(folder) {
  const path = `${folder}/package.json`;
  const before = readFileSync(path, 'utf8');
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  if (server && repository) {
    const url = `git+${server}/${repository}.git`;
    const manifest = { ...JSON.parse(before), repository: { type: 'git', url, directory: folder } };
    writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
  }
  return () => writeFileSync(path, before);
}

function isPublished(name) {
  const { status, stdout, stderr } = npm(['view', `${name}@${version}`, 'version', '--json'], '.');
  if (status === 0) return stdout.trim() !== '';
  if (/\bE404\b/u.test(stderr)) return false;
  throw new Error(`whether ${name} ${version} is published is not known:\n${stderr}`);
}

function publish(folder) {
  const restore = nameRepository(folder);
  try {
    return npm(['publish', '--access', 'public', ...(isDry ? ['--dry-run', '--offline'] : ['--provenance'])], folder);
  } finally {
    restore();
  }
}

const { GITHUB_REF_TYPE: refType, GITHUB_REF_NAME: refName } = process.env;
if (!isDry && refType === 'tag' && refName !== `v${version}`)
  throw new Error(`the tag is ${refName}, but the packages have the version ${version}`);

for (const { folder, manifest } of publicPackages()) {
  if (!isDry && isPublished(manifest.name)) {
    console.log(`release: ${manifest.name} ${version} is published already`);
    continue;
  }
  const { status, stderr } = publish(folder);
  const said = stderr.split('\n').filter((line) => line !== '' && !expectedWarning.test(line));
  for (const line of said) console.error(line);
  if (status !== 0 || (isDry && said.some((line) => /^npm warn/iu.test(line)))) {
    console.error(`release: ${manifest.name} failed`);
    process.exit(1);
  }
  console.log(`release: ${manifest.name} ${version} ${isDry ? 'could be' : 'is'} published`);
}
