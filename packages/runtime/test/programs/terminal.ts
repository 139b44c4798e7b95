// Leaves leases behind in the session of this process, which it leads, and tells, as JSON, what is found there.
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClaimRecord } from '@agent-orchestrator/core';
import { forgetLease, leasesLeft, leaveLease, stateFolder } from '../../src/index.ts';

const PLACE = { store: 'sqlite:/a.db', namespace: 'default', agent: 'a' };
const DAY_S = 86_400;

function claimed(fence: number): ClaimRecord {
  return { task: { number: fence }, lease: { fence, instance: null, token: tokenOf(fence) } } as unknown as ClaimRecord;
}

function tokenOf(fence: number): string {
  return `${fence}-${'0f'.repeat(16)}`;
}

function record(more: object): string {
  return JSON.stringify({ token: tokenOf(2), instance: null, name: 't2', ...more });
}

function setAge(path: string, days: number): void {
  const then = Date.now() / 1_000 - days * DAY_S;
  utimesSync(path, then, then);
}

/** The fence of each lease, and whether its token is known. */
const found = () => leasesLeft(PLACE).map(({ fence, token }) => [fence, token !== null]);

const alone = leaveLease(PLACE, claimed(1));
const root = join(stateFolder(), 'terminals');
const folder = join(root, readdirSync(root)[0] ?? '');
const [first = ''] = readdirSync(folder).map((name) => join(folder, name));
const second = first.replace(/-1\.json$/u, '-2.json');
for (const path of [first, folder]) setAge(path, 365);

// What is in the way of the writer fails it as a full disk does.
mkdirSync(`${second}.${process.pid}.new/x`, { recursive: true });
const whenFull = [leaveLease(PLACE, claimed(2)), ...found()];
rmSync(`${second}.${process.pid}.new`, { recursive: true });

const shapes = [
  () => writeFileSync(second, record({})),
  () => writeFileSync(second, record({ token: tokenOf(3) })),
  () => writeFileSync(second, record({ instance: 7 })),
  () => writeFileSync(second, record({ name: undefined })),
  () => writeFileSync(second, '["'),
  () => symlinkSync(first, second),
  () => execFileSync('mkfifo', [second]),
].map((make) => {
  rmSync(second, { force: true });
  make();
  const seen = found();
  forgetLease(tokenOf(2));
  return [...seen, readdirSync(folder).length];
});
rmSync(second);

chmodSync(folder, 0o500);
const whenReadOnly = [leaveLease(PLACE, claimed(4)), ...found()];
chmodSync(folder, 0o700);

const [old, young] = ['0a0a0a0a-1-1', '0b0b0b0b-1-1'].map((name) => join(root, name)) as [string, string];
for (const path of [old, young]) mkdirSync(path);
writeFileSync(join(old, `${'0'.repeat(24)}-1.json`), '');
setAge(old, 31);
setAge(young, 29);
const several = leaveLease(PLACE, claimed(5));
const kept = [existsSync(old), existsSync(young)];

forgetLease(`1-${'0'.repeat(32)}`);
const forgotten = [found().length];
forgetLease(tokenOf(1));
forgotten.push(found().length);
process.stdout.write(JSON.stringify({ alone, whenFull, shapes, whenReadOnly, several, kept, forgotten }));
