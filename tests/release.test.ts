/*
 * One version and one changelog for all packages:
 *  - every package has the same version, and takes the others in just that version
 *  - the packages outside the scope are those that are not published
 *  - a changeset names published packages alone: the next version could not be made with any other
 *  - a changeset stands under the heading of its largest change, in front of earlier releases
 */
import { readChangesets } from '@changesets/read';
import { expect, test } from 'vitest';
import { sectionOf, withSection } from '../scripts/changelog.ts';
import { isPublic, manifestsOf, SCOPE } from './support/manifests.ts';
import { root } from './support/readme.ts';

test('every package has the same version, and takes the others in just that version', async () => {
  const manifests = await manifestsOf(root);
  const versions = new Set(manifests.filter(isPublic).map(({ version }) => version));

  const [version] = versions;
  expect(versions.size).toBe(1);
  for (const manifest of manifests) {
    const ranges = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    const ours = ranges.filter(([name]) => name.startsWith(SCOPE)).map(([, range]) => range);
    expect([manifest.name, new Set(ours)]).toEqual([
      manifest.name,
      new Set(ours.length === 0 ? [] : [isPublic(manifest) ? version : '*']),
    ]);
  }
});

test('the packages outside the scope are those that are not published', async () => {
  for (const manifest of await manifestsOf(root))
    expect([manifest.name, isPublic(manifest)]).toEqual([manifest.name, manifest.name.startsWith(SCOPE)]);
});

test('a changeset names published packages alone', async () => {
  const named = (await readChangesets(root)).flatMap(({ id, releases }) => releases.map(({ name }) => [id, name]));

  expect(named.filter(([, name]) => name?.startsWith(SCOPE) !== true)).toEqual([]);
});

test('a changeset stands under the heading of its largest change', () => {
  const changesets = [
    { summary: 'A mistake less.', releases: [{ name: `${SCOPE}cli`, type: 'patch' }] },
    { summary: 'Not told.', releases: [{ name: `${SCOPE}core`, type: 'none' }] },
    {
      summary: 'Another name.\n\n- for one thing\n',
      releases: [
        { name: `${SCOPE}core`, type: 'major' },
        { name: `${SCOPE}cli`, type: 'patch' },
      ],
    },
  ] as const;

  expect(sectionOf('2.0.0', '2027-01-31', changesets)).toBe(
    '## 2.0.0 (2027-01-31)\n\n### Breaking\n\n**core, cli**\n\nAnother name.\n\n- for one thing\n\n' +
      '### Fixed\n\n**cli**\n\nA mistake less.',
  );
});

test('a section goes in front of those of earlier releases', () => {
  expect(withSection('# Changelog\n\nHead.\n', '## 1.0.0')).toBe('# Changelog\n\nHead.\n\n## 1.0.0\n');
  expect(withSection('# Changelog\n\n## 1.0.0\n', '## 2.0.0')).toBe('# Changelog\n\n## 2.0.0\n\n## 1.0.0\n');
});
