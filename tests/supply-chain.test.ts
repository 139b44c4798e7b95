/*
 * What this repository takes from others:
 *  - the lock names a hash for every package that is downloaded
 *  - the workflows name every action by the hash of its commit, and install no package that is younger than a week
 *  - the command line brings a bill of materials and the licenses of all that its bundles contain
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './support/readme.ts';

const dist = join(root, 'apps/cli/dist');

test('the lock names a hash for every package that is downloaded', async () => {
  interface Entry {
    readonly version: string;
    readonly link?: true;
    readonly inBundle?: true;
    readonly integrity?: string;
  }
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, Entry>>;
  };
  const downloaded = Object.entries(packages).filter(
    ([path, entry]) => path.includes('node_modules/') && entry.link !== true && entry.inBundle !== true,
  );

  expect(downloaded.length).toBeGreaterThan(100);
  expect(downloaded.filter(([, { integrity = '' }]) => !/^sha512-[\w+/]{86}==$/u.test(integrity))).toEqual([]);
});

test('the workflows name every action by the hash of its commit, and install nothing younger than a week', async () => {
  const folder = join(root, '.github/workflows');
  const texts = await Promise.all((await readdir(folder)).map(async (name) => readFile(join(folder, name), 'utf8')));
  const lines = texts.flatMap((text) => text.split('\n'));
  const uses = lines.filter((line) => /\buses:/u.test(line));
  // Between backticks it is a sentence for people.
  const installs = lines.filter((line) => /(?<!`)\bnpm (?:ci|install)\b/u.test(line));

  expect([uses.length, installs.length].every((count) => count > 0)).toBe(true);
  expect(uses.filter((line) => !/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/u.test(line))).toEqual([]);
  expect(installs.filter((line) => !line.includes(' --min-release-age=7'))).toEqual([]);
});

test('the command line tells what others wrote of its bundles, and under which licenses', async () => {
  const maps = (await readdir(dist)).filter((name) => name.endsWith('.map'));
  const bundled = new Set<string>();
  for (const name of maps) {
    const { sources } = JSON.parse(await readFile(join(dist, name), 'utf8')) as { sources: readonly string[] };
    for (const source of sources) {
      const [, found] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//u.exec(source) ?? [];
      if (found !== undefined) bundled.add(found);
    }
  }
  const { components } = JSON.parse(await readFile(join(dist, 'sbom.cdx.json'), 'utf8')) as {
    components: readonly { readonly name: string; readonly group?: string; readonly licenses?: unknown[] }[];
  };
  const named = components.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`));
  const notices = await readFile(join(dist, 'THIRD-PARTY-NOTICES.txt'), 'utf8');

  expect(bundled).toContain('commander');
  expect(named).toEqual(expect.arrayContaining([...bundled, 'better-sqlite3']));
  for (const name of bundled) expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\n\nLicense: \\S`, 'mu'));
  expect(notices).not.toContain('License: not named');
  expect(notices).toContain('Permission is hereby granted');
});
