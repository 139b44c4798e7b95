import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const program = fileURLToPath(new URL('../../apps/cli/bin/orchestrator.js', import.meta.url));

export interface Ended {
  readonly exit: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built program to its end, with flags for Node if need be. */
export function run(words: readonly string[], flags: readonly string[] = []): Promise<Ended> {
  return ended(start(words, flags));
}

/** Runs the built program, and kills it after so long. */
export function killed(words: readonly string[], afterMs: number): Promise<Ended> {
  const child = start(words);
  setTimeout(() => child.kill('SIGKILL'), afterMs);
  return ended(child);
}

function start(words: readonly string[], flags: readonly string[] = []) {
  const child = spawn(process.execPath, [...flags, program, ...words]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function ended(child: ReturnType<typeof start>): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const [exit, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { exit, signal, stdout, stderr };
}
