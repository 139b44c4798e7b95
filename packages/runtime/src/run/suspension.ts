import type { CommandProcess } from '../processes/command-process.ts';

/** The stop that a shell asks for (Ctrl-Z), and its end (`fg`): the command stops and continues with this process. */
export class Suspension {
  #command: CommandProcess | null = null;
  #isAsked = false;
  #isStarting = false;

  /** Until it is known that the command was started, it may work already, and cannot be stopped. */
  async starting(start: Promise<CommandProcess>): Promise<CommandProcess> {
    this.#isStarting = true;
    try {
      this.#command = await start;
      return this.#command;
    } finally {
      this.#isStarting = false;
      this.#stop();
    }
  }

  /** This process was asked to stop. */
  begin(): void {
    this.#isAsked = true;
    // A SIGCONT that came right after it is heard in the same turn. After the stop it would be too late.
    setImmediate(() => this.#stop());
  }

  /** This process continues. */
  end(): void {
    this.#isAsked = false;
    this.#command?.resume('suspended');
  }

  /** Stops the command, then this process. */
  #stop(): void {
    if (!this.#isAsked || this.#isStarting) return;
    this.#isAsked = false;
    this.#command?.pause('suspended');
    process.kill(process.pid, 'SIGSTOP');
  }
}
