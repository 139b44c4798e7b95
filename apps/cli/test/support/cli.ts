import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../bin/orchestrator.js', import.meta.url));
/** Root may write everything: what permissions do is tried as another user. */
export const UNPRIVILEGED = 65_534;
export const isRoot = process.getuid?.() === 0;

export interface Ran {
  readonly exit: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A JSON document, as loosely as tests look at it. */
export interface Document {
  readonly schema_version: number;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>> &
    Readonly<{ id: string; lease: { fence: number; token: string; session_id: string } }>;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly error: Readonly<{
    code: string;
    exit: number;
    message: string;
    retryable: boolean;
    hint?: string;
    field?: string;
  }>;
}

export interface RunOptions {
  /** An undefined variable is not set. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Buffer;
  readonly unprivileged?: boolean;
}

/** A folder with a store of its own, and the built program run on it as a process. */
export class Cli implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'cli-'));
  readonly path = join(this.folder, 'store.db');
  readonly store = `sqlite:${this.path}`;
  readonly #env = {
    PATH: process.env['PATH'] ?? '',
    HOME: this.folder,
    ORCHESTRATOR_STORE: this.store,
    // That of the run, and not in HOME: tests look at all that is in the folder.
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
  };

  /** Runs to the end. */
  async run(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const child = this.start(words, options);
    child.stdin.end(options.input ?? '');
    return finished(child);
  }

  /** Runs with `--json`, and reads the one document. */
  async json(words: readonly string[], options: RunOptions = {}): Promise<Document & { readonly exit: number | null }> {
    // After `--` it would be an argument.
    const end = words.indexOf('--');
    const asked = words.toSpliced(end === -1 ? words.length : end, 0, '--json');
    const { exit, stdout } = await this.run(asked, options);
    const lines = stdout.split('\n');
    if (lines.length !== 2 || lines[1] !== '') throw new Error(`not one document: ${stdout}`);
    return { ...(JSON.parse(lines[0] ?? '') as Document), exit };
  }

  start(words: readonly string[], { env = {}, unprivileged = false }: RunOptions = {}): ChildProcessWithoutNullStreams {
    const user = unprivileged && isRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
    return spawn(process.execPath, [program, ...words], { cwd: this.folder, env: { ...this.#env, ...env }, ...user });
  }

  /** Runs a line of shell, in which the program's words come first. */
  async shell(line: string): Promise<Ran> {
    const words = ['-c', `exec "$0" "$1" ${line}`, process.execPath, program];
    const child = spawn('bash', words, { cwd: this.folder, env: this.#env });
    child.stdin.end();
    return finished(child);
  }

  /** Starts it by a script of bash, whose arguments are the program and its words. */
  startBy(script: string, words: readonly string[]): ChildProcessWithoutNullStreams {
    const env = { ...this.#env, TMPDIR: this.folder };
    return spawn('bash', ['-c', script, 'bash', process.execPath, program, ...words], { cwd: this.folder, env });
  }

  /** Runs lines of bash, where `o` is the program, in a terminal session of their own. */
  async inTerminal(lines: readonly string[], env: RunOptions['env'] = {}, unprivileged = false): Promise<Ran> {
    const user = unprivileged && isRoot ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {};
    const script = ['program=$1', 'o() { "$0" "$program" "$@"; }', ...lines].join('\n');
    const options = { cwd: this.folder, env: { ...this.#env, ...env }, detached: true, ...user };
    const child = spawn('bash', ['-c', script, process.execPath, program], options);
    child.stdin.end();
    return finished(child);
  }

  /** Lets the unprivileged user work in the folder. */
  giveAway(): void {
    if (isRoot) chownSync(this.folder, UNPRIVILEGED, UNPRIVILEGED);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** How the holder's verbs name a lease. */
export function holderOf({ token }: { readonly token: string }): string[] {
  return ['--token', token];
}

/** A token in the right form that no claim ever answered. */
export function inventedToken(fence: number | string = 7): string {
  return `${fence}-${'0123456789abcdef'.repeat(2)}`;
}

export async function finished(child: ChildProcessWithoutNullStreams): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // A program that refuses early does not read what we send.
  child.stdin.on('error', () => {});
  const [exit, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { exit, signal, stdout, stderr };
}
