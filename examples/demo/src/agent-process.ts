import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { startProgram } from '@agent-orchestrator/runtime';
import type { AgentSettings } from './agent-program.ts';

/** One run of an agent, in its own operating-system process. It ends with the demo in any case. */
export class AgentProcess {
  readonly pid: number;
  /** Resolves when it has succeeded or was killed on purpose; rejects when it failed. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  #killed = false;

  /** @param program path of `agent-program`, bundled */
  constructor(program: string, settings: AgentSettings) {
    // The child ends when its standard input does: that is when this process is gone.
    const words = [program, JSON.stringify(settings)];
    this.#child = startProgram(process.execPath, words, { env: process.env, stdio: ['pipe', 'ignore', 'pipe'] });
    this.pid = this.#child.pid ?? 0;
    this.ended = this.#watch();
    // The caller that awaits `ended` gets the failure; until then it must not count as unhandled.
    this.ended.catch(() => {});
  }

  /** SIGKILL: the process cannot clean up. */
  kill(): void {
    this.#killed = true;
    this.#child.kill('SIGKILL');
  }

  async #watch(): Promise<void> {
    let complaints = '';
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaints += text));
    const [code, signal] = (await once(this.#child, 'close')) as [number | null, string | null];
    if (code === 0 || this.#killed) return;
    throw new Error(`An agent of the demo ended with ${signal ?? `exit code ${code}`}: ${complaints.trim()}`);
  }
}
