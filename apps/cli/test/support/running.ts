import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { EnqueueTask, SessionRecord, TaskRecord } from '@agent-orchestrator/core';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { finished, type Cli, type Ran, type RunOptions } from './cli.ts';

/** The program as a command that a shell can call. */
const PROGRAM = fileURLToPath(new URL('../../bin/orchestrator.js', import.meta.url));
export const ORCHESTRATOR = `${process.execPath} ${PROGRAM}`;

/** A command that says its pid, and works in a process of its own. */
export const WORK = ['sh', '-c', 'echo "pid $$"; sleep 100 & wait'];

/** `orchestrator run` as a process, with what it has said so far. It and its command end with the test. */
export class Running implements Disposable {
  readonly child: ChildProcessWithoutNullStreams;
  readonly finished: Promise<Ran>;
  stdout = '';
  stderr = '';
  #command: number | null = null;

  constructor(cli: Cli, words: readonly string[], options: RunOptions = {}) {
    // Killed, it leaves its private files: they go with the test's folder.
    const env = { TMPDIR: cli.folder, ...options.env };
    this.child = cli.start(['run', '--agent', 'a', ...words], { ...options, env });
    this.finished = finished(this.child);
    this.child.stdout.on('data', (text: string) => (this.stdout += text));
    this.child.stderr.on('data', (text: string) => (this.stderr += text));
  }

  [Symbol.dispose](): void {
    // The keeper, too: it would stay until the lease is over.
    const started = childrenOf(this.pid);
    this.child.kill('SIGKILL');
    if (this.#command !== null) kill(-this.#command, 'SIGKILL');
    for (const pid of started) kill(pid, 'SIGKILL');
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Waits until the command has printed a line with its pid. */
  async command(): Promise<number> {
    this.#command = Number(await until(() => /^pid (\d+)$/m.exec(this.stdout)?.[1]));
    return this.#command;
  }

  async says(text: string | RegExp): Promise<void> {
    await until(() => (typeof text === 'string' ? this.stderr.includes(text) : text.test(this.stderr)));
  }
}

/** Sends a signal, if there is a process to hear it. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone.
  }
}

/** The state letter that the process table shows: `S` sleeping, `T` stopped, `Z` a zombie; null: there is none. */
export function stateOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[0] ?? null;
  } catch {
    return null;
  }
}

/** What a process has started itself. */
export function childrenOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return children
    .split(' ')
    .map(Number)
    .filter((child) => child > 0);
}

export function isGone(pid: number): boolean {
  return ['Z', null].includes(stateOf(pid));
}

type Nothing = undefined | null | false;

/** Waits until something is so. Generous, because a busy machine is not a bug. */
export async function until<T>(look: () => T | Nothing | Promise<T | Nothing>, timeoutMs = 60_000): Promise<T> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== null && seen !== false) return seen;
    if (performance.now() > giveUpAt) throw new Error(`it was not so within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Runs a command that tells ages. @returns null while something is younger than half a second, and told as `now` */
export async function runOnceAged(cli: Cli, words: readonly string[]): Promise<{ readonly stdout: string } | null> {
  const answer = await cli.run(words);
  return / now\b/u.test(answer.stdout) ? null : answer;
}

/** Adds a task without a process for it. @returns its id */
export async function addTask(cli: Cli, task: EnqueueTask = {}): Promise<string> {
  await using orchestrator = await openOrchestrator(cli.store);
  return (await orchestrator.enqueueTask(task)).task.id;
}

export async function taskOf(cli: Cli, id: string): Promise<TaskRecord | null> {
  await using orchestrator = await openOrchestrator(cli.store);
  return await orchestrator.getTask(id);
}

export async function sessionOf(cli: Cli, id: string): Promise<SessionRecord | null> {
  await using orchestrator = await openOrchestrator(cli.store);
  return await orchestrator.getSession(id);
}

/**
 * Whether the store knows which group works for the holder. A wrapper that is stopped while it tells it would keep the
 * store locked.
 */
export async function isGroupTold(cli: Cli, session: string): Promise<boolean> {
  return ((await sessionOf(cli, session))?.processGroup ?? 0) > 0;
}

/** What a result file says. */
export function resultIn(file: string): unknown {
  return (JSON.parse(readFileSync(file, 'utf8')) as { data: unknown }).data;
}
