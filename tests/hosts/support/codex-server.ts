/* Codex as an editor starts it: one process with several conversations, over standard input and output. */
import { HostRun } from './host-run.ts';
import { installed } from './installed.ts';
import type { Workplace } from './workplace.ts';

interface ListedHook {
  readonly key: string;
  readonly currentHash: string;
}

export class CodexServer implements Disposable {
  readonly #run: HostRun;
  readonly #folder: string;
  #lastId = 0;

  private constructor(run: HostRun, folder: string) {
    this.#run = run;
    this.#folder = folder;
  }

  /** Starts it in a place that was prepared. The person trusts the hooks. */
  static async start(place: Workplace): Promise<CodexServer> {
    const env = { ...place.env, SCRIPTED_KEY: 'no-key' };
    const program = await installed('codex');
    const run = new HostRun({ program, words: ['app-server'], folder: place.project, env, input: 'pipe' });
    const server = new CodexServer(run, place.project);
    await server.#ask('initialize', { clientInfo: { name: 'editor', version: '1' } });
    run.write(`${JSON.stringify({ method: 'initialized' })}\n`);
    const { data } = await server.#ask<{ data: { hooks: ListedHook[] }[] }>('hooks/list', { cwds: [place.project] });
    const hooks = data.flatMap((one) => one.hooks);
    const trusted = Object.fromEntries(hooks.map(({ key, currentHash }) => [key, { trusted_hash: currentHash }]));
    const edit = { keyPath: 'hooks.state', mergeStrategy: 'upsert', value: trusted };
    await server.#ask('config/batchWrite', { edits: [edit] });
    return server;
  }

  /** Begins a conversation. @returns what says something in it */
  async conversation(): Promise<(prompt: string) => Promise<unknown>> {
    const { thread } = await this.#ask<{ thread: { id: string } }>('thread/start', { cwd: this.#folder });
    return (text) => this.#ask('turn/start', { threadId: thread.id, input: [{ type: 'text', text }] });
  }

  async #ask<Result>(method: string, params: object): Promise<Result> {
    const id = ++this.#lastId;
    this.#run.write(`${JSON.stringify({ id, method, params })}\n`);
    const beginning = `{"id":${id},"result":`;
    await this.#run.says(beginning);
    await this.#run.says('\n');
    const { output } = this.#run;
    const from = output.indexOf(beginning);
    const to = output.indexOf('\n', from);
    return (JSON.parse(output.slice(from, to)) as { result: Result }).result;
  }

  [Symbol.dispose](): void {
    this.#run.killAll();
  }
}
