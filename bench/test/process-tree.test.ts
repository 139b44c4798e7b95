/*
 * What the bench takes from the machine is told from what others take: the time of each process below a process counts,
 * while it lives too.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { expect, test } from 'vitest';
import { notHere } from '../src/not-here.ts';
import { cpuMsOfTree } from '../src/places/process-tree.ts';

const BURNT_MS = 200;
const BURN = `
  const until = process.cpuUsage().user + ${BURNT_MS} * 1_000;
  while (process.cpuUsage().user < until);
  console.log('burnt');
  setInterval(() => {}, 1_000);`;
const PARENT = parentOf(parentOf(BURN));

function parentOf(program: string): string {
  const args = JSON.stringify(['-e', program]);
  return `
    require('node:child_process').spawn(process.execPath, ${args}, { stdio: 'inherit' });
    setInterval(() => {}, 1_000);`;
}

const reason = notHere();
const title = reason === undefined ? '' : ` (left out: ${reason})`;

test.skipIf(reason !== undefined)(`the time of a grandchild that lives counts${title}`, async () => {
  // In a group of their own, so that all three can be ended.
  const child = spawn(process.execPath, ['-e', PARENT], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = child.pid ?? 0;
  try {
    await once(child.stdout, 'data');

    expect(cpuMsOfTree(pid)).toBeGreaterThanOrEqual(BURNT_MS);
  } finally {
    process.kill(-pid, 'SIGKILL');
  }
});
