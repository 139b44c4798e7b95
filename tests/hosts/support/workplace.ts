/* Where a host of a test lives: a home, a folder to work in, a store, and the plugins for the built command line. */
import { mkdirSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openOrchestrator, type Orchestrator } from '@agent-orchestrator/runtime';
import { writePlugins, type WrittenPlugins } from 'agent-orchestrator-plugins';

const cli = fileURLToPath(new URL('../../../apps/cli', import.meta.url));
/** The command line as an agent types it in the shell of its host. */
export const ORCHESTRATOR = `${process.execPath} ${join(cli, 'bin', 'orchestrator.js')}`;

export class Workplace implements AsyncDisposable {
  readonly folder: string;
  readonly home: string;
  /** The current folder of the host. */
  readonly project: string;
  readonly store: string;
  readonly plugins: WrittenPlugins;
  readonly orchestrator: Orchestrator;

  private constructor(folder: string, plugins: WrittenPlugins, store: string, orchestrator: Orchestrator) {
    this.folder = folder;
    this.home = join(folder, 'home');
    this.project = join(folder, 'project');
    this.plugins = plugins;
    this.store = store;
    this.orchestrator = orchestrator;
  }

  /** @param data the folder of the store, below that of the workplace */
  static async create({ root = tmpdir(), data = 'data' } = {}): Promise<Workplace> {
    const folder = await mkdtemp(join(root, 'agent-host-'));
    for (const name of ['home', 'project', 'data']) mkdirSync(join(folder, name));
    const program = { node: process.execPath, cli, version: '0.1.0' };
    const plugins = await writePlugins(join(folder, 'plugins'), program);
    const store = `sqlite:${join(folder, data, 'store.db')}`;
    return new Workplace(folder, plugins, store, await openOrchestrator(store, { mode: 'create' }));
  }

  /** Lets the keeper park what is held sooner: the setting of a person. */
  async parkAfter(duration: string): Promise<void> {
    const { OPENCLAW_STATE_DIR: folder = '' } = this.env;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'orchestrator.json'), JSON.stringify({ park_after: duration }));
  }

  /** Of the host: nothing of the developer's own is in it. */
  get env(): Record<string, string> {
    return {
      PATH: `${join(process.execPath, '..')}:/usr/local/bin:/usr/bin:/bin`,
      HOME: this.home,
      USER: 'ann',
      LANG: 'C.UTF-8',
      ORCHESTRATOR_STORE: this.store,
      OPENCLAW_STATE_DIR: join(this.home, '.openclaw'),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.orchestrator[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
