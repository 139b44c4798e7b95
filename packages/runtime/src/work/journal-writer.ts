import { join } from 'node:path';
import { OrchestratorError } from '@agent-orchestrator/core';
import type { JournaledCallName, Calls, JournalLine } from '@agent-orchestrator/core/journal';
import { ownProcess } from '../processes/own-process.ts';
import { newCommandId } from '../system/command-id.ts';
import { pathOfArgument } from '../system/path.ts';
import { systemTime, type Time } from '../system/time.ts';
import type { JournalDisk } from './journal-disk.ts';
import { JournalFile } from './journal-file.ts';
import { messageOf } from '../text/message-of.ts';

export interface JournalOptions {
  /** The folder of the journal; created if it does not exist. Several workers may share it. */
  readonly folder: string;
  readonly agent: string;
  readonly instance: string;
  readonly time?: Pick<Time, 'read'>;
  /** A new file begins after this size; 16 MiB by default. */
  readonly bytesMax?: number;
  /** The system's disk by default. */
  readonly disk?: JournalDisk;
}

const BYTES_MAX = 16 * 1024 * 1024;

/**
 * Writes the journal of one run of an agent (see `@agent-orchestrator/core/journal` for its form).
 *
 * A new file begins when the file has reached its size, cannot be written any more, or was removed. Each file begins
 * with `started` and the calls that wait for their answers, so that it can be read without the files before it.
 */
export class JournalWriter implements Disposable {
  readonly #options: JournalOptions;
  readonly #folder: string;
  readonly #now: () => number;
  /** The lines of the calls that wait for their answers. */
  readonly #waiting = new Map<number, string>();
  #file: JournalFile;
  #calls = 0;
  /** Whether the file has anything but refusals. */
  #matters = false;
  #closed = false;

  /**
   * Opens a journal.
   *
   * @throws `JOURNAL_UNWRITABLE`; `INVALID_INPUT` where the folder is no path
   */
  constructor(options: JournalOptions) {
    const { folder, time = systemTime } = options;
    this.#options = options;
    this.#folder = pathOfArgument(folder, 'journal');
    this.#now = () => time.read().wall;
    this.#file = this.#trying(() => this.#newFile(''));
  }

  /**
   * Writes a call that is about to be sent.
   *
   * @param isRequired whether the call must not be sent if it cannot be written
   * @returns its number
   * @throws `JOURNAL_UNWRITABLE`, if it is required
   */
  sent<C extends JournaledCallName>(command: C, request: Calls[C]['request'], isRequired: boolean): number {
    const call = this.#calls + 1;
    const line = textOf({ is: 'sent', call, command, request, at: this.#now() } as JournalLine);
    this.#calls = call;
    this.#waiting.set(call, line);
    try {
      // A new file begins with all waiting calls, so with this one, too.
      this.#append(line, '');
    } catch (error) {
      if (isRequired) {
        this.#waiting.delete(call);
        throw error;
      }
    }
    return call;
  }

  /**
   * Writes the answer to a call; it is on the disk when this returns.
   *
   * @throws `JOURNAL_UNWRITABLE`
   */
  async answered(call: number, reply: Calls[JournaledCallName]['reply']): Promise<void> {
    try {
      const line = textOf({ is: 'answered', call, reply, at: this.#now() });
      const file = this.#append(line, line);
      this.#matters ||= reply.ok;
      await file.flush();
    } catch (error) {
      throw this.#asUnwritable(error);
    } finally {
      this.#waiting.delete(call);
    }
  }

  /**
   * Writes that a call threw. If the journal cannot be written, the caller still gets the error of the call: a call
   * without an answer says nearly the same.
   */
  threw(call: number, error: unknown): void {
    const code = error instanceof OrchestratorError ? error.code : null;
    const message = messageOf(error);
    try {
      const line = textOf({ is: 'threw', call, code, message, at: this.#now() });
      this.#append(line, line);
      this.#matters = true;
    } catch {
      // The caller gets the error of the call.
    }
    this.#waiting.delete(call);
  }

  /** Ends the journal. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#waiting.size > 0) this.#matters = true;
    try {
      if (this.#matters && this.#file.isUsable) this.#file.append(textOf({ is: 'ended', at: this.#now() }));
    } catch {
      // The line only helps readers.
    }
    this.#leave();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Appends a line, or begins a new file.
   *
   * @param first the text in a new file after the waiting calls
   * @returns the file that has it
   */
  #append(line: string, first: string): JournalFile {
    return this.#trying(() => {
      if (this.#closed) throw new Error('it was closed');
      const { bytesMax = BYTES_MAX } = this.#options;
      if (this.#file.bytes < bytesMax && this.#appended(line)) return this.#file;
      try {
        const next = this.#newFile(first);
        this.#leave();
        this.#file = next;
        this.#matters = false;
      } catch (error) {
        // A file that is too large is better than a lost line.
        if (!this.#appended(line)) throw error;
      }
      return this.#file;
    });
  }

  #appended(line: string): boolean {
    if (!this.#file.isUsable) return false;
    try {
      this.#file.append(line);
      return true;
    } catch {
      return false;
    }
  }

  /** A file with nothing but refusals is removed: it promises nothing, and many runs find nothing to claim. */
  #leave(): void {
    if (this.#matters) this.#file.close();
    else this.#file.remove();
  }

  #newFile(first: string): JournalFile {
    const { agent, instance, disk } = this.#options;
    const process = ownProcess();
    const started = textOf({
      is: 'started',
      agent,
      instance,
      ...(process !== null && { process }),
      at: this.#now(),
    });
    const name = `${newCommandId()}-${forFileName(agent)}.jsonl`;
    return JournalFile.create(join(this.#folder, name), [started, ...this.#waiting.values(), first].join(''), disk);
  }

  #trying<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      throw this.#asUnwritable(error);
    }
  }

  #asUnwritable(error: unknown): OrchestratorError {
    if (error instanceof OrchestratorError) return error;
    const why = messageOf(error);
    return new OrchestratorError('JOURNAL_UNWRITABLE', `The journal in ${this.#folder} cannot be written: ${why}`, {
      cause: error,
    });
  }
}

/** At most 24 characters of a name, 96 bytes: file systems allow 143 and more for a file name. */
const SHORT = /^.{0,24}/u;

/** A name as part of a file name: for people, since the file name is unique without it. */
function forFileName(name: string): string {
  const safe = name.normalize('NFC').replaceAll(/[^\p{L}\p{M}\p{Nd}_.@+-]/gu, '_');
  return SHORT.exec(safe)?.[0] ?? '';
}

function textOf(line: JournalLine): string {
  return `${JSON.stringify(line)}\n`;
}
