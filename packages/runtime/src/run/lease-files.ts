import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files of one run, in a folder that nobody else can look into. */
export class LeaseFiles implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'orchestrator-run-'));

  /** Writes a value as JSON. @returns the path */
  write(name: string, value: unknown): string {
    const path = this.path(name);
    writeFileSync(path, `${JSON.stringify(value)}\n`, { mode: 0o600, flag: 'wx' });
    return path;
  }

  /** Where a file of that name would be. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
