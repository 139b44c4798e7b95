import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Artifact, Json } from '@agent-orchestrator/core';
import { pathOfArgument } from '../system/path.ts';
import { messageOf } from '../text/message-of.ts';

/** A file that a command was to leave, and that could not be read. */
export interface MissingArtifact {
  readonly path: string;
  /** For people. */
  readonly reason: string;
}

/** The files that a command left, as far as they were read. */
export interface LeftFiles {
  readonly artifacts: readonly Artifact[];
  readonly artifactsMissing: readonly MissingArtifact[];
}

/**
 * An artifact is named as the user named the file, and found by its whole path.
 *
 * @throws `INVALID_INPUT` if the name is no path
 */
export function artifactAt(name: string, { sha256, bytes }: Pick<Artifact, 'sha256' | 'bytes'>): Artifact {
  return { name, path: pathOfArgument(name, 'artifact'), sha256, bytes };
}

/** The files that a command is to leave. */
export class ExpectedFiles {
  readonly #names: readonly string[];
  readonly #artifacts: Artifact[] = [];
  readonly #missing: MissingArtifact[] = [];
  readonly #stopping = new AbortController();
  /** Whether they are being read, or were: the command has succeeded. */
  areRead = false;

  constructor(names: readonly string[] = []) {
    this.#names = names;
  }

  get left(): LeftFiles {
    return { artifacts: this.#artifacts, artifactsMissing: this.#missing };
  }

  /** Reads nothing more: what was not read whole is missing. Before the reading has begun, it does nothing. */
  stop(why: string): void {
    if (this.areRead) this.#stopping.abort(new Error(why));
  }

  /** Reads each file once, and holds none of it in memory. One after the other: a disk is not faster for many. */
  async read(): Promise<void> {
    if (this.#names.length === 0) return;
    this.areRead = true;
    const { signal } = this.#stopping;
    for (const name of this.#names) {
      try {
        const measuring = measure(pathOfArgument(name, 'artifact'), signal);
        this.#artifacts.push(artifactAt(name, await unlessStopped(measuring, signal)));
      } catch (error) {
        this.#missing.push({ path: name, reason: messageOf(error) });
      }
    }
  }
}

/** A file on a network may let a read wait for ever. */
function unlessStopped<Value>(reading: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason as Error);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  return Promise.race([reading, promise]).finally(() => signal.removeEventListener('abort', stop));
}

/** A pipe or a device might never end, and opening one can have an effect. A path may name another file later. */
async function measure(path: string, signal: AbortSignal): Promise<Pick<Artifact, 'sha256' | 'bytes'>> {
  if (!(await stat(path)).isFile()) throw new Error(NO_FILE);
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const status = await file.stat();
  if (!status.isFile()) throw new Error(NO_FILE);
  // A process that writes to it still could make it grow faster than it is read.
  const { size } = status;
  const hash = createHash('sha256');
  let bytes = 0;
  // One byte of an empty file: those of the kernel say that they are empty, and are not.
  for await (const chunk of file.createReadStream({ end: Math.max(size, 1) - 1, signal, autoClose: false })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  if (bytes > size) {
    if ((await file.stat()).size === size) throw new Error('it does not say how long it is');
    return { sha256: createHash('sha256').digest('hex'), bytes: 0 };
  }
  if (bytes < size || (await file.stat()).size < size) throw new Error('it is shorter than it says, or was cut');
  return { sha256: hash.digest('hex'), bytes };
}

const NO_FILE = 'it is not a regular file';

/** The result of a task whose command has left these; undefined: none was expected. */
export function resultWith({ artifacts, artifactsMissing: missing }: LeftFiles): Json | undefined {
  if (artifacts.length + missing.length === 0) return undefined;
  const named = {
    ...(artifacts.length > 0 && { artifacts }),
    ...(missing.length > 0 && { artifacts_missing: missing }),
  };
  return named as unknown as Json;
}
