/**
 * What a dashboard keeps between two starts, on a file system without hard links: it makes its secrets once, and of two
 * that start at once the second one has those of the first. A secret that others could read, or that was cut, is not
 * used and does not stay.
 */
import { fchmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Secrets } from '../src/index.ts';

/** What another process does just before this one would give the file its name. */
let meanwhile: (path: string) => void = () => {};
/** What the file system does to a new file, and to what is written. */
let afterOpen: (file: number) => void = () => {};
let beforeWrite: () => void = () => {};

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  return {
    ...real,
    openSync: (...asked: Parameters<typeof real.openSync>) => {
      const file = real.openSync(...asked);
      if (asked[1] === 'ax') afterOpen(file);
      return file;
    },
    writeFileSync: (...asked: Parameters<typeof real.writeFileSync>) => {
      beforeWrite();
      real.writeFileSync(...asked);
    },
    linkSync: (_from: string, to: string) => {
      meanwhile(to);
      throw Object.assign(new Error('operation not permitted'), { code: 'EPERM' });
    },
  };
});

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

test('a secret that others could read is not used and does not stay', () => {
  const at = folder();
  afterOpen = (file) => fchmodSync(file, 0o644);
  onTestFinished(() => void (afterOpen = () => {}));

  expect(() => new Secrets(at)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  expect(readdirSync(at)).toEqual([]);
});

test('a secret that was cut does not stay, under either name', () => {
  for (const writes of [0, 1]) {
    const at = folder();
    let left = writes;
    beforeWrite = () => {
      if (left-- === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    };
    onTestFinished(() => void (beforeWrite = () => {}));

    expect(() => new Secrets(at)).toThrow('no space');
    expect(readdirSync(at)).toEqual([]);
  }
});
