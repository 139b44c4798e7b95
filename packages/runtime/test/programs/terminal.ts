// Leaves leases behind in the session of this process, which it leads, and tells, as JSON, what is found there.
import { mkdirSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { ClaimRecord } from '@agent-orchestrator/core';
import { keepLeft, leasesLeft, leaveLease, stateFolder } from '../../src/index.ts';

const PLACE = { store: 'sqlite:/a.db', namespace: 'default', agent: 'a' };
const HOUR_S = 3_600;

function claimed(fence: number): ClaimRecord {
  const lease = { fence, instance: null, ttlMs: 2 * HOUR_S * 1_000, token: tokenOf(fence) };
  return { task: { number: fence }, lease } as unknown as ClaimRecord;
}

function tokenOf(fence: number): string {
  return `${fence}-${'0f'.repeat(16)}`;
}

const found = () => leasesLeft(PLACE).map(({ fence, token }) => [fence, token !== null]);
const counts = [leaveLease(PLACE, claimed(1))];
const [terminal = ''] = readdirSync(join(stateFolder(), 'terminals'));
const folder = join(stateFolder(), 'terminals', terminal);
const [first = ''] = readdirSync(folder);
const pathOf = (fence: number) => join(folder, first.replace('-1.json', `-${fence}.json`));
const setAge = (fence: number, hours: number) => {
  const then = Date.now() / 1_000 - hours * HOUR_S;
  utimesSync(pathOf(fence), then, then);
};

// What is in the way of the writer fails it as a full disk does.
mkdirSync(`${pathOf(2)}.${process.pid}.new/x`, { recursive: true });
counts.push(leaveLease(PLACE, claimed(2)));
const whenFull = found();

rmSync(`${pathOf(2)}.${process.pid}.new`, { recursive: true });
setAge(1, 25.5);
setAge(2, 24.5);
const nextDay = found();
setAge(1, 26.5);
const dayAfter = found();
keepLeft(tokenOf(1));
const renewed = found();
setAge(1, 26.5);
counts.push(leaveLease(PLACE, claimed(3)));
process.stdout.write(
  JSON.stringify({ counts, whenFull, nextDay, dayAfter, renewed, files: readdirSync(folder).length }),
);
