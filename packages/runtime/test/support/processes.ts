import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import type { ProcessIdentity } from '@agent-orchestrator/core';
import { onTestFinished } from 'vitest';
import { ownProcess } from '../../src/index.ts';
import { readProcess } from '../../src/processes/process-table.ts';

/** A real process that ends with the test, whatever becomes of it. */
export async function startProcess(words: readonly string[], options: SpawnOptions = {}): Promise<ChildProcess> {
  const [command = '', ...args] = words;
  const child = spawn(command, args, { stdio: 'ignore', ...options });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child;
}

/** A process that another one started, which ends with the test as well. */
export function endWithTest(pid: number): void {
  onTestFinished(() => {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended before.
    }
  });
}

/** As the process itself would tell it. */
export function identityOf(pid: number | undefined): ProcessIdentity {
  const [own, entry] = [ownProcess(), pid === undefined ? null : readProcess(pid)];
  if (own === null || entry === null) throw new Error(`process ${pid} cannot be told`);
  return { ...own, pid: entry.pid, start: entry.start };
}

/** Ends it without its having a say, and waits until its parent knows. */
export async function killNow(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Waits until something is so. */
export async function until<T>(look: () => T | null | undefined | false, timeoutMs = 10_000): Promise<T> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const seen = look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    if (performance.now() > giveUpAt) throw new Error(`it was not so within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
