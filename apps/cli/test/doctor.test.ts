/*
 * The doctor's command:
 *  - where nothing needs attention it says so, with exit 0
 *  - where something does: exit 1, a word and a glyph, what shows it, and the next step
 *  - with --json it is one document, with --quiet the names of what needs attention
 *  - --fix does what is safe, and says what it did
 *  - --bundle writes a new file for its owner alone; a file that is there is left as it is
 *  - a malformed namespace is refused with 64
 *  - a store that is not there is found, and not made
 */
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { Cli, type Document } from './support/cli.ts';

const hasModes = process.platform !== 'win32';

/** A store with a task in it. */
async function used(): Promise<Cli> {
  const cli = new Cli();
  await cli.run(['task', 'create', 'canary in the title', '--payload', '"canary"', '--session', 's']);
  return cli;
}

test.concurrent('where nothing needs attention it says so, with exit 0', async ({ expect }) => {
  using cli = await used();

  const { exit, stdout, stderr } = await cli.run(['doctor']);

  expect(exit).toBe(0);
  expect(stdout).toContain(`✓ ok       store            ${cli.store}, schema`);
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('nothing needs attention');
  expect(stderr).toBe('');
});

test.skipIf(!hasModes)(
  'where something does: exit 1, what shows it, and the next step',
  { concurrent: true },
  async ({ expect }) => {
    using cli = await used();
    chmodSync(cli.path, 0o644);

    const { exit, stdout, stderr } = await cli.run(['doctor']);
    const { exit: exitOfJson, kind, data, meta } = await cli.json(['doctor']);
    const quiet = await cli.run(['doctor', '--quiet']);

    expect([exit, exitOfJson, quiet.exit]).toEqual([1, 1, 1]);
    expect(stdout).toMatch(/^! warning {2}permissions {6}Other users may open .*store\.db \(0644\)/m);
    expect(stdout).toContain('1 finding needs attention');
    expect(stderr).toBe('orchestrator: next: orchestrator doctor --fix\n');
    expect([kind, data['ok'], meta['as_of']]).toEqual(['examination', false, 2]);
    expect(data['findings']).toContainEqual(
      expect.objectContaining({ check: 'permissions', severity: 'warning', count_capped: false, events: [] }),
    );
    expect(quiet.stdout).toBe('permissions\n');
  },
);

test.skipIf(!hasModes)('--fix does what is safe, and says what it did', { concurrent: true }, async ({ expect }) => {
  using cli = await used();
  chmodSync(cli.path, 0o644);

  const { exit, stdout } = await cli.run(['doctor', '--fix']);

  expect(exit).toBe(0);
  expect(stdout).toMatch(/^✓ fixed {4}Only the owner can now open .*store\.db/);
  expect(statSync(cli.path).mode & 0o777).toBe(0o600);
});

test.concurrent('--bundle writes a new file for its owner alone', async ({ expect }) => {
  using cli = await used();
  const file = join(cli.folder, 'bundle.json');

  const { exit, stdout } = await cli.run(['doctor', '--bundle', file]);

  const text = readFileSync(file, 'utf8');
  const { kind, data } = JSON.parse(text) as Document;
  expect([exit, kind]).toEqual([0, 'support_bundle']);
  expect(stdout).toContain(`support bundle: ${file}`);
  expect(Object.keys(data)).toEqual(expect.arrayContaining(['versions', 'examination', 'variables', 'events']));
  expect(text).not.toContain('canary');
  expect(statSync(file).mode & 0o077).toBe(0);
});

test.concurrent('a file that is there is left as it is', async ({ expect }) => {
  using cli = await used();
  const file = join(cli.folder, 'notes.txt');
  writeFileSync(file, 'mine');

  const taken = await cli.json(['doctor', '--bundle', file]);
  const nowhere = await cli.json(['doctor', '--bundle', join(cli.folder, 'no', 'such', 'folder')]);

  expect([taken.exit, taken.error.field]).toEqual([64, 'bundle']);
  expect([nowhere.exit, nowhere.error.code]).toEqual([74, 'OUTPUT']);
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

test.concurrent('a malformed namespace is refused with 64', async ({ expect }) => {
  using cli = await used();

  const { exit, error } = await cli.json(['doctor', '--namespace', 'two words']);
  const other = await cli.json(['doctor', '--namespace', 'other']);

  expect([exit, error.field, other.exit]).toEqual([64, 'namespace', 0]);
});

test.concurrent('a store that is not there is found, and not made', async ({ expect }) => {
  using cli = new Cli();

  const { exit, stdout } = await cli.run(['doctor', '--fix']);
  const malformed = await cli.json(['doctor', '--store', 'no-url']);

  expect(exit).toBe(1);
  expect(stdout).toMatch(/^✗ error {4}store {12}.*STORE_NOT_FOUND/);
  expect(existsSync(cli.path)).toBe(false);
  expect([malformed.exit, malformed.error.code]).toEqual([64, 'STORE_URL_INVALID']);
});
