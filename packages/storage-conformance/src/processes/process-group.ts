import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { FromProcess, ProcessSettings, ToProcess } from './settings.ts';

/** The program, from source or built, beside this file. */
const PROGRAM = new URL(`./process-program${extname(import.meta.url)}`, import.meta.url);

export interface ProcessEvents {
  /** It said something. */
  readonly onMessage: (process: OneProcess, message: FromProcess) => void;
  /** It ended, by a signal or with an exit code. */
  readonly onExit: (process: OneProcess, code: number | null, signal: string | null) => void;
}

/** A process under supervision. */
export class OneProcess {
  readonly settings: ProcessSettings;
  readonly #child: ChildProcess;

  /** @param command what runs it, if it is not to run beside this process */
  constructor(settings: ProcessSettings, command: readonly string[], { onMessage, onExit }: ProcessEvents) {
    this.settings = settings;
    const log = openSync(join(settings.workload.folder, `${settings.agent}.${settings.run}.log`), 'a', 0o600);
    const [execPath, ...before] = [...command, process.execPath];
    this.#child = fork(PROGRAM, [JSON.stringify(settings)], {
      execPath,
      execArgv: [...before, ...execArgv()],
      // Starting is most of what a process does that is soon killed, and compiling most of starting.
      env: { ...process.env, NODE_COMPILE_CACHE: join(settings.workload.folder, 'compiled') },
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    this.#child.on('message', (message: FromProcess) => onMessage(this, message));
    this.#child.once('exit', (code, signal) => onExit(this, code, signal));
    // A message to a process that was just killed: its exit is what counts.
    this.#child.on('error', () => {});
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  finish(): void {
    const message: ToProcess = { is: 'finish' };
    if (this.#child.connected) this.#child.send(message);
  }
}

/** From source, the workspace's packages are found by the condition that names it. */
function execArgv(): string[] {
  return extname(import.meta.url) === '.ts' ? ['--conditions=@agent-orchestrator/source'] : [];
}
