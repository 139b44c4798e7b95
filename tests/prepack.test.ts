/**
 * What npm packs is built from the sources at hand:
 * - a `dist` that is older than its sources, was changed, or holds what no source makes any more is built anew
 * - a package that cannot be built is not packed
 * - every package that is published does so
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { isPublic, manifestsOf } from './support/manifests.ts';
import { root as repository } from './support/readme.ts';

const PREPACK = 'node ../../scripts/prepack.mjs';

/** A package in a workspace of its own, with a `dist` that its source does not make. */
function aPackage(build: string): string {
  const root = mkdtempSync(join(tmpdir(), 'prepack-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  cpSync(fileURLToPath(new URL('../scripts', import.meta.url)), join(root, 'scripts'), { recursive: true });
  const folder = join(root, 'packages', 'one');
  for (const name of ['src', 'dist']) mkdirSync(join(folder, name), { recursive: true });
  const manifest = { name: 'one', version: '1.0.0', files: ['dist'], scripts: { build, prepack: PREPACK } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'src', 'index.js'), 'export const said = 1;\n');
  for (const name of ['index.js', 'renamed.js']) writeFileSync(join(folder, 'dist', name), 'export const said = 0;\n');
  return folder;
}

function pack(folder: string): void {
  execFileSync('npm', ['pack', '--foreground-scripts=false'], {
    cwd: folder,
    stdio: 'pipe',
    shell: process.platform === 'win32',
  });
}

test('what is packed is built before', () => {
  const folder = aPackage(`node -e "fs.cpSync('src', 'dist', { recursive: true })"`);

  pack(folder);
  execFileSync('tar', ['-xzf', 'one-1.0.0.tgz'], { cwd: folder });

  expect(readdirSync(join(folder, 'package', 'dist'))).toEqual(['index.js']);
  expect(readFileSync(join(folder, 'package', 'dist', 'index.js'), 'utf8')).toContain('said = 1');
});

test('a package that cannot be built is not packed', () => {
  const folder = aPackage('node -e "process.exit(3)"');

  expect(() => pack(folder)).toThrow('so nothing is packed');
  expect(() => execFileSync('tar', ['-tzf', 'one-1.0.0.tgz'], { cwd: folder, stdio: 'pipe' })).toThrow('one-1.0.0.tgz');
});

test('every package that is published is built before it is packed', async () => {
  const published = (await manifestsOf(repository)).filter(isPublic);

  expect(published.filter(({ scripts }) => scripts?.['prepack'] !== PREPACK).map(({ name }) => name)).toEqual([]);
});
