/*
 * What npm makes of a release:
 *  - `npm run version` turns changesets into the next version, in manifests, lock and changelog
 *  - `npm run release:dry` fails on a warning of npm, and publishes nothing
 *  - what is published names the repository that CI built it from; the manifest stays as it is
 *  - a package that the registry has already is left alone
 *  - a tag that is not the version is refused
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { onTestFinished, expect, test } from 'vitest';
import { isPublic, manifestPaths, manifestsOf, SCOPE } from './support/manifests.ts';
import { root } from './support/readme.ts';

const TIMEOUT_MS = 60_000;

test(
  '`npm run version` turns changesets into the next version',
  async () => {
    const folder = await copyOfManifests();
    const [before] = (await manifestsOf(folder)).filter(isPublic).map(({ version }) => version ?? '');
    const [major, minor] = (before ?? '').split('.').map(Number);
    await writeFile(join(folder, '.changeset/one.md'), `---\n'${SCOPE}core': minor\n---\n\nA change of the rules.\n`);

    const ended = await run(folder, 'version.mjs');

    const next = `${major}.${(minor ?? 0) + 1}.0`;
    const manifests = await manifestsOf(folder);
    const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'));
    expect(ended).toMatchObject({ exit: 0 });
    expect(new Set(manifests.filter(isPublic).map(({ version }) => version))).toEqual(new Set([next]));
    expect(lock.packages['packages/core'].version).toBe(next);
    expect(lock.packages['packages/runtime'].dependencies[`${SCOPE}core`]).toBe(next);
    expect(await readFile(join(folder, 'CHANGELOG.md'), 'utf8')).toMatch(
      new RegExp(
        `^# Changelog\n\nHead\\.\n\n## ${next} \\(\\d{4}-\\d\\d-\\d\\d\\)\n\n` +
          '### New\n\n\\*\\*core\\*\\*\n\nA change of the rules\\.\n\n## 0\\.0\\.1\n$',
        'u',
      ),
    );
    expect(await readdir(join(folder, '.changeset'))).toEqual(['config.json']);
  },
  TIMEOUT_MS,
);

test(
  'a dry run fails on a warning of npm',
  async () => {
    const folder = await folderWith({ bin: { one: './one.js' } });

    expect(await run(folder, 'release.mjs', ['--dry-run'])).toMatchObject({
      exit: 1,
      stderr: expect.stringMatching(/npm warn publish[^]*release: one failed/u),
    });
  },
  TIMEOUT_MS,
);

test(
  'a dry run names the repository of CI to npm, and leaves the manifest as it is',
  async () => {
    const keep = `node -e "fs.copyFileSync('package.json', 'seen.json')"`;
    const folder = await folderWith({ scripts: { prepublishOnly: keep } });
    const path = join(folder, 'packages/one/package.json');
    const before = await readFile(path, 'utf8');
    const env = { GITHUB_SERVER_URL: 'https://git.example.org', GITHUB_REPOSITORY: 'agents/orchestrator' };

    const ended = await run(folder, 'release.mjs', ['--dry-run'], env);

    expect(ended).toMatchObject({ exit: 0, stdout: 'release: one 1.2.3 could be published\n' });
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(JSON.parse(await readFile(join(folder, 'packages/one/seen.json'), 'utf8'))).toMatchObject({
      repository: {
        type: 'git',
        url: 'git+https://git.example.org/agents/orchestrator.git',
        directory: 'packages/one',
      },
    });
  },
  TIMEOUT_MS,
);

test(
  'a package that the registry has already is left alone; any other is published with its provenance',
  async () => {
    const folder = await folderWith({});
    const registry = await registryWith({ name: 'one', versions: { '1.2.3': { name: 'one', version: '1.2.3' } } });
    const other = await registryWith(null);

    const there = await run(folder, 'release.mjs', [], { npm_config_registry: registry });
    const login = { [`npm_config_${other.slice('http:'.length)}:_authToken`]: 'secret' };
    const notThere = await run(folder, 'release.mjs', [], { npm_config_registry: other, ...login });

    expect(there).toMatchObject({ exit: 0, stdout: 'release: one 1.2.3 is published already\n' });
    // Only CI can say where a package was built; that npm asks is what shows that it was told to.
    expect(notThere).toMatchObject({ exit: 1, stderr: expect.stringMatching(/provenance[^]*release: one failed/iu) });
  },
  TIMEOUT_MS,
);

test('a tag that is not the version is refused', async () => {
  const folder = await folderWith({});

  expect(await run(folder, 'release.mjs', [], { GITHUB_REF_TYPE: 'tag', GITHUB_REF_NAME: 'v1.2.4' })).toMatchObject({
    exit: 1,
    stderr: expect.stringContaining('the tag is v1.2.4, but the packages have the version 1.2.3'),
  });
});

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'release-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  return folder;
}

/** What a version is written into, without changesets. */
async function copyOfManifests(): Promise<string> {
  const folder = await temporaryFolder();
  for (const path of ['package.json', 'package-lock.json', '.changeset/config.json', ...(await manifestPaths(root))]) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(root, path), join(folder, path));
  }
  await writeFile(join(folder, 'CHANGELOG.md'), '# Changelog\n\nHead.\n\n## 0.0.1\n');
  return folder;
}

/** A repository with one package. */
async function folderWith(manifest: object): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'packages/one'), { recursive: true });
  await writeFile(join(folder, 'packages/one/one.js'), '');
  await writeFile(
    join(folder, 'packages/one/package.json'),
    `${JSON.stringify({ name: 'one', version: '1.2.3', ...manifest }, null, 2)}\n`,
  );
  return folder;
}

/** Answers every question with this packument, or says that there is none. */
async function registryWith(packument: object | null): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(packument === null ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(packument ?? { error: 'not found' }));
  });
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Runs a script of the folder, with an empty HOME and nothing of CI in the environment but what is given. */
function run(folder: string, script: string, words: readonly string[] = [], more: NodeJS.ProcessEnv = {}) {
  const path = [join(root, 'node_modules/.bin'), process.env['PATH']].join(delimiter);
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:GITHUB_|ACTIONS_|npm_)|^CI$/iu.test(name));
  const env = { ...Object.fromEntries(kept), HOME: join(folder, 'home'), PATH: path, NO_COLOR: '1', ...more };
  return new Promise<{ exit: number; stdout: string; stderr: string }>((resolve) => {
    const command = [join(folder, 'scripts', script), ...words];
    execFile(process.execPath, command, { cwd: folder, env }, (error, stdout, stderr) => {
      resolve({ exit: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}
