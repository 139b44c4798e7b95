import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { emptyHome, root } from './readme.ts';

export interface Typed {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A person with a shell and an empty HOME, in a folder of their own, with `orchestrator` and `psql` on the PATH. */
export class Shell implements AsyncDisposable {
  readonly home: string;
  readonly folder: string;
  readonly env: Record<string, string | undefined>;
  readonly #home: Awaited<ReturnType<typeof emptyHome>>;

  static async withHome(): Promise<Shell> {
    return new Shell(await emptyHome());
  }

  private constructor(home: Awaited<ReturnType<typeof emptyHome>>) {
    this.#home = home;
    this.home = home.env.HOME;
    this.folder = join(this.home, 'work');
    const bin = join(this.home, 'bin');
    mkdirSync(this.folder);
    mkdirSync(bin);
    writeScript(join(bin, 'orchestrator'), `exec '${process.execPath}' '${root}apps/cli/bin/orchestrator.js' "$@"`);
    // Not every machine has PostgreSQL's own: the same statement is sent to the same server.
    const conditions = '--conditions=@agent-orchestrator/source';
    writeScript(join(bin, 'psql'), `exec '${process.execPath}' ${conditions} '${root}tests/support/psql.ts' "$@"`);
    this.env = { ...home.env, PATH: `${bin}${delimiter}${home.env.PATH}` };
  }

  /** Types commands into a new shell, which ends at the first that fails. */
  async type(commands: string): Promise<Typed> {
    return this.#type(['-eu', '-c', commands]);
  }

  /**
   * Types commands into a new shell, which continues after one that fails, as a terminal does.
   *
   * @returns all that it shows; the home folder is called as on the pages
   */
  async typeAll(commands: string): Promise<string> {
    const { stdout } = await this.#type(['-u', '-c', `exec 2>&1\n${commands}`]);
    return stdout.replaceAll(this.home, '/home/you');
  }

  /** The same as `type`, of commands that have to succeed. */
  async typeWell(commands: string): Promise<Typed> {
    const typed = await this.type(commands);
    if (typed.exit !== 0) throw new Error(`${commands} ended with ${typed.exit}: ${typed.stdout}${typed.stderr}`);
    return typed;
  }

  async #type(words: readonly string[]): Promise<Typed> {
    const options = { cwd: this.folder, env: this.env };
    try {
      return { exit: 0, ...(await promisify(execFile)('bash', words, options)) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { exit: code, stdout, stderr };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#home[Symbol.asyncDispose]();
  }
}

export function writeScript(path: string, line: string): void {
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
}
