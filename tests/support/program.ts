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

/** Runs a program from source to its end, with settings in its argument and in its environment. */
export function runFile(file: URL, settings: object, env: Readonly<Record<string, string>>): Promise<Ended> {
  const words = ['--conditions=@agent-orchestrator/source', fileURLToPath(file), JSON.stringify(settings)];
  return ended(started(words, { ...process.env, ...env }));
}

function start(words: readonly string[], flags: readonly string[] = []) {
  return started([...flags, program, ...words], process.env);
}

function started(words: readonly string[], env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, words, { env });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function ended(child: ReturnType<typeof started>): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const [exit, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { exit, signal, stdout, stderr };
}
