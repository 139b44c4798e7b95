import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { askForLink, Secrets } from '../../src/index.ts';

const PROGRAM = fileURLToPath(new URL('../../../cli/bin/orchestrator.js', import.meta.url));

/** `orchestrator dashboard` as a process, of a user of its own. */
export class DashboardProgram implements AsyncDisposable {
  readonly child: ChildProcessWithoutNullStreams;
  readonly link: string;
  readonly home: string;

  private constructor(child: ChildProcessWithoutNullStreams, link: string, home: string) {
    this.child = child;
    this.link = link;
    this.home = home;
  }

  /** @param home of an earlier one, whose secrets it shares */
  static async start(
    store: string,
    words: readonly string[] = ['--port', '0'],
    home = newHome(),
    env: Readonly<Record<string, string>> = {},
  ): Promise<DashboardProgram> {
    const child = start(store, words, home, env);
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const lines = createInterface({ input: child.stdout });
    const [link] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [string | number];
    if (typeof link !== 'string') throw new Error(`the dashboard did not start: ${stderr}`);
    return new DashboardProgram(child, link, home);
  }

  /** A start that ends by itself, as the port is taken. */
  static async run(
    store: string,
    words: readonly string[],
    home: string,
  ): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
    const child = start(store, words, home);
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk: Buffer) => (said[name] += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, ...said };
  }

  get url(): string {
    return new URL('.', this.link).href;
  }

  get port(): number {
    return Number(new URL(this.link).port);
  }

  /** A link that no browser has used. */
  async newLink(): Promise<string> {
    const secrets = new Secrets(join(this.home, 'state', 'orchestrator', 'dashboard'));
    const running = await askForLink(this.port, secrets);
    if (running === null) throw new Error('there is no dashboard at the port');
    return running.link;
  }

  /** The memory that it uses, in MB. */
  memoryMb(): number {
    return this.#statusMb('VmRSS');
  }

  /** The most that it has used so far, in MB. */
  memoryPeakMb(): number {
    return this.#statusMb('VmHWM');
  }

  #statusMb(name: string): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN) / 1_024;
  }

  /** Time of a processor that it has used, in milliseconds. */
  usedMs(): number {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.home, { recursive: true, force: true });
  }
}

function newHome(): string {
  return mkdtempSync(join(tmpdir(), 'dashboard-home-'));
}

function start(
  store: string,
  words: readonly string[],
  home: string,
  more: Readonly<Record<string, string>> = {},
): ChildProcessWithoutNullStreams {
  const env = {
    ...more,
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    OPENCLAW_STATE_DIR: join(home, 'state'),
    ORCHESTRATOR_STORE: store,
    NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
  };
  return spawn(process.execPath, [PROGRAM, 'dashboard', ...words], { cwd: home, env });
}
