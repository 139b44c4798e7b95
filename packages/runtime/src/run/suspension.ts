import type { CommandProcess } from '../processes/command-process.ts';

interface Terms {
  /** Whether the command gets the key itself, as this process does. */
  readonly sharesGroup: boolean;
  /** This process continues, or the system did not stop it. */
  readonly onContinue: () => void;
}

/** How long a command that gets the key itself has to stop by itself: an editor restores the terminal first. */
const OWN_STOP_MS = 200;

/**
 * The stop that a shell asks for (Ctrl-Z), and its end (`fg`): the command stops and continues with this process, also
 * what ignores the key, and what it does not reach because it is in another group.
 */
export class Suspension {
  readonly #terms: Terms;
  #command: CommandProcess | null = null;
  #isAsked = false;
  #isStarting = false;

  constructor(terms: Terms) {
    this.#terms = terms;
  }

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
    if (!this.#terms.sharesGroup) setImmediate(() => this.#stop());
    else setTimeout(() => this.#stop(), OWN_STOP_MS).unref();
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
    if (!this.#terms.sharesGroup) process.kill(process.pid, 'SIGSTOP');
    else {
      stopAsUnheard();
      this.#terms.onContinue();
    }
  }
}

/** Stops this process by SIGTSTP as if it was not heard. Where no shell could continue it, the system ignores that. */
function stopAsUnheard(): void {
  const handlers = process.listeners('SIGTSTP');
  process.removeAllListeners('SIGTSTP');
  process.kill(process.pid, 'SIGTSTP');
  for (const handle of handlers) process.on('SIGTSTP', handle);
}
