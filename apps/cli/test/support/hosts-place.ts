import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveSettings } from '@agent-orchestrator/runtime';
import type { HostName, Place, Scope } from '../../src/hosts/host.ts';
import { planInstall } from '../../src/hosts/install.ts';

const FAKE = fileURLToPath(new URL('./fake-host.mjs', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../../bin/orchestrator.js', import.meta.url));
const EXECUTABLES = { 'claude-code': 'claude', codex: 'codex', 'gemini-cli': 'gemini', openclaw: 'openclaw' } as const;

/** A home with the programs of all hosts, and an empty project in it. */
export class HostsPlace implements Disposable {
  readonly home = mkdtempSync(join(tmpdir(), 'hosts-'));
  readonly folder = join(this.home, 'project');
  readonly log = join(this.home, 'log');
  readonly bin = join(this.home, 'bin');

  constructor() {
    mkdirSync(this.folder);
    mkdirSync(this.bin);
    for (const name of Object.values(EXECUTABLES)) {
      writeFileSync(join(this.bin, name), `#!/bin/sh\nexec '${process.execPath}' '${FAKE}' ${name} "$@"\n`);
      chmodSync(join(this.bin, name), 0o755);
    }
  }

  /** Removes the program of a host. */
  without(host: HostName): void {
    rmSync(join(this.bin, EXECUTABLES[host]));
  }

  env(does?: string): Record<string, string | undefined> {
    const { NODE_COMPILE_CACHE } = process.env;
    return {
      // Alone: the hosts that the machine really has are not called.
      PATH: this.bin,
      HOME: this.home,
      FAKE_LOG: this.log,
      FAKE_DOES: does,
      NODE_COMPILE_CACHE,
      ORCHESTRATOR_NOISE: 'not for hosts',
    };
  }

  place(does?: string): Place {
    return {
      env: this.env(does),
      home: this.home,
      folder: this.folder,
      state: join(this.home, '.openclaw', 'orchestrator'),
      program: PROGRAM,
      terminal: false,
      deadlineMs: 60_000,
    };
  }

  async plan(host: HostName, { scope = 'user', agent = null, plugin = false, store, env }: PlanOptions = {}) {
    const settings = await resolveSettings({ store }, { HOME: this.home, ...env });
    const place = this.place();
    return planInstall({ host, scope, agent, plugin, settings }, { ...place, env: { ...place.env, ...env } });
  }

  write(path: string, text: string): string {
    const file = join(this.home, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  link(path: string, to: string): void {
    mkdirSync(dirname(join(this.home, path)), { recursive: true });
    symlinkSync(to, join(this.home, path));
  }

  /** null: there is none. */
  read(path: string): string | null {
    const file = join(this.home, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : null;
  }

  /** The command lines that hosts were called with. */
  calls(): string[][] {
    const lines = existsSync(this.log) ? readFileSync(this.log, 'utf8').trim().split('\n') : [];
    return lines.map((line) => JSON.parse(line) as string[]);
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

interface PlanOptions {
  readonly scope?: Scope;
  readonly agent?: string | null;
  readonly plugin?: boolean;
  readonly store?: string;
  readonly env?: Readonly<Record<string, string>>;
}
