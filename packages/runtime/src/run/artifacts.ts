import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Artifact, Json } from '@agent-orchestrator/core';
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

/** An artifact is named as the user named the file, and found by its whole path. */
export function artifactAt(name: string, { sha256, bytes }: Pick<Artifact, 'sha256' | 'bytes'>): Artifact {
  return { name, path: resolve(name), sha256, bytes };
}

/** The files that a command is to leave. */
export class ExpectedFiles {
  readonly #names: readonly string[];
  readonly #artifacts: Artifact[] = [];
  readonly #missing: MissingArtifact[] = [];
  /** Whether they are being read, or were: the command has succeeded. */
  areRead = false;

  constructor(names: readonly string[] = []) {
    this.#names = names;
  }

  get left(): LeftFiles {
    return { artifacts: this.#artifacts, artifactsMissing: this.#missing };
  }

  /** Reads each file once, and holds none of it in memory. One after the other: a disk is not faster for many. */
  async read(): Promise<void> {
    if (this.#names.length === 0) return;
    this.areRead = true;
    for (const name of this.#names) {
      try {
        this.#artifacts.push(artifactAt(name, await measure(name)));
      } catch (error) {
        this.#missing.push({ path: name, reason: messageOf(error) });
      }
    }
  }
}

async function measure(path: string): Promise<Pick<Artifact, 'sha256' | 'bytes'>> {
  // A pipe or a device might never end.
  if (!(await stat(path)).isFile()) throw new Error('it is not a regular file');
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { sha256: hash.digest('hex'), bytes };
}

/** The result of a task whose command has left these; undefined: none was expected. */
export function resultWith({ artifacts, artifactsMissing: missing }: LeftFiles): Json | undefined {
  if (artifacts.length + missing.length === 0) return undefined;
  const named = {
    ...(artifacts.length > 0 && { artifacts }),
    ...(missing.length > 0 && { artifacts_missing: missing }),
  };
  return named as unknown as Json;
}
