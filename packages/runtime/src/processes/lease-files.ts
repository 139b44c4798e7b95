import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { HandedSecret, PublicLease } from '@agent-orchestrator/core';
import { ownProcess } from './own-process.ts';
import { makeTemporaryFolder, writePrivateFile } from '../system/private-files.ts';
import { FOLDER_PREFIX, GROUP_FILE, OWNER_FILE, temporaryFolder, type FilesOwner } from './left-files.ts';

/** Files for what is started under one lease, in a folder that only this user can read. */
export class LeaseFiles implements Disposable {
  readonly #folder = makeTemporaryFolder(join(temporaryFolder(), FOLDER_PREFIX));

  constructor({ sessionId, fence }: PublicLease) {
    const own = ownProcess();
    if (own === null) return;
    const owner: FilesOwner = { ...own, sessionId, fence };
    this.write(OWNER_FILE, owner);
  }

  /** Writes a value as JSON. @returns the path */
  write(name: string, value: unknown): string {
    return this.writeText(name, `${JSON.stringify(value)}\n`);
  }

  /** @returns the path */
  writeText(name: string, text: string): string {
    const path = this.path(name);
    writePrivateFile(path, text);
    return path;
  }

  /** Stores the secret of the store. @returns the variables by which the command finds it */
  handOver({ variable, text, instead }: HandedSecret): NodeJS.ProcessEnv {
    return {
      ...Object.fromEntries(instead.map((name) => [name, undefined])),
      [variable]: this.writeText('password', text),
    };
  }

  /** Stores which process group uses them. Without that, they are not removed after a kill; nothing else fails. */
  tellGroup(group: number): void {
    try {
      this.write(GROUP_FILE, group);
    } catch {
      // For example a full disk. The command is running already.
    }
  }

  /** The path of a file with this name. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
