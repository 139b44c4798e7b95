/**
 * What a dashboard keeps between two starts, on a file system without hard links: it makes its secrets once, and of two
 * that start at once the second one has those of the first.
 */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Secrets } from '../src/index.ts';

/** What another process does just before this one would give the file its name. */
let meanwhile: (path: string) => void = () => {};

vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  linkSync: (_from: string, to: string) => {
    meanwhile(to);
    throw Object.assign(new Error('operation not permitted'), { code: 'EPERM' });
  },
}));

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'secrets-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('it makes its secrets once', () => {
  const at = folder();
  const first = new Secrets(at);

  expect(new Secrets(at).keyFor('x')).toBe(first.keyFor('x'));
  expect(readdirSync(at).toSorted()).toEqual(['metrics-token', 'secret']);
  expect(statSync(join(at, 'secret')).mode & 0o777).toBe(0o600);
});

test('of two that start at once, the second one has those of the first', () => {
  const at = folder();
  meanwhile = (path) => writeFileSync(path, 'another-secret-another-secret-another', { mode: 0o600 });
  onTestFinished(() => void (meanwhile = () => {}));

  expect(new Secrets(at).metricsToken).toBe('another-secret-another-secret-another');
});
