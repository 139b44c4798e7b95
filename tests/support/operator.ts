import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attemptsOf, parseJournal, type Journal } from '@agent-orchestrator/core/journal';
import type { EventRecord } from '@agent-orchestrator/core';
import { everyRow, openOrchestrator } from '@agent-orchestrator/runtime';
import { blocks, root, section } from './readme.ts';
import { Shell, writeScript, type Typed } from './shell.ts';

export const PAGE = 'docs/fail-over.md';

/** The parts of the page that have commands. */
export const PARTS = {
  journals: 'Let workers keep journals',
  failOver: 'After a fail-over',
  restore: 'After a restore',
  repair: 'What to do about missing operations',
} as const;

/** The commands in a part of the page, block by block. */
export async function commandsOf(part: keyof typeof PARTS): Promise<string[]> {
  return blocks(await section(PARTS[part], PAGE), 'sh');
}

/** A person with a shell who types what the page says, and the workers there. */
export class Operator implements AsyncDisposable {
  readonly #shell: Shell;
  readonly #program: string;
  readonly #workers = new Set<ChildProcess>();
  #tasks = 0;

  static async withHome(): Promise<Operator> {
    const [worker = ''] = blocks(await section(PARTS.journals, PAGE), 'ts');
    return new Operator(await Shell.withHome(), worker);
  }

  private constructor(shell: Shell, worker: string) {
    this.#shell = shell;
    writeScript(join(shell.folder, 'work.sh'), 'exit 0');
    // In the repository, because there the packages are found by their names.
    this.#program = join(mkdtempSync(join(root, 'tests', 'fail-over.tmp-')), 'worker.mts');
    writeFileSync(this.#program, worker);
  }

  get folder(): string {
    return this.#shell.folder;
  }

  get env(): Shell['env'] {
    return this.#shell.env;
  }

  /** Types commands into the shell. */
  type(commands: string): Promise<Typed> {
    return this.#shell.type(commands);
  }

  /** The same, of commands that have to succeed. */
  typeWell(commands: string): Promise<Typed> {
    return this.#shell.typeWell(commands);
  }

  /** Adds tasks to the file that the page sends to the store. */
  writeTasks(count: number): void {
    for (let added = 0; added < count; added += 1) {
      this.#tasks += 1;
      const task = { title: `Task ${this.#tasks}`, dedupe_key: `task-${this.#tasks}` };
      appendFileSync(join(this.folder, 'tasks.jsonl'), `${JSON.stringify(task)}\n`);
    }
  }

  /** Starts the page's worker. */
  startWorker(): void {
    const worker = spawn(process.execPath, [this.#program], { cwd: this.folder, env: this.env, stdio: 'inherit' });
    this.#workers.add(worker);
  }

  /** Asks all workers to stop, and waits until they have. */
  async stopWorkers(): Promise<void> {
    for (const worker of this.#workers) {
      const exited = worker.exitCode === null ? once(worker, 'exit') : Promise.resolve();
      worker.kill('SIGTERM');
      await exited;
      if (worker.exitCode !== 0) throw new Error(`a worker ended with ${worker.exitCode ?? worker.signalCode}`);
    }
    this.#workers.clear();
  }

  /** The journals of all workers and runs. */
  journals(): Journal[] {
    const folder = join(this.folder, 'journals');
    return readdirSync(folder).map((name) => parseJournal(readFileSync(join(folder, name), 'utf8'), name));
  }

  /** The command ids of what was acknowledged, each once. */
  acknowledged(): string[] {
    const ids = this.journals()
      .flatMap(attemptsOf)
      .flatMap(({ outcome, request }) =>
        outcome === 'acknowledged' && 'commandId' in request ? (request.commandId ?? []) : [],
      );
    return [...new Set(ids)];
  }

  /** What `journal check` says is missing, by command id. */
  async missing(words = ''): Promise<string[]> {
    const { exit, stdout } = await this.type(`orchestrator journal check journals ${words} --json`);
    const { data } = JSON.parse(stdout) as { data: { missing: { command_id: string }[] } };
    if (exit !== (data.missing.length === 0 ? 0 : 1)) throw new Error(`exit code ${exit} with ${stdout}`);
    return data.missing.map(({ command_id: id }) => id).toSorted();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) worker.kill('SIGKILL');
    rmSync(join(this.#program, '..'), { recursive: true });
    await this.#shell[Symbol.asyncDispose]();
  }
}

/** The log of a store. */
export async function logOf(store: string): Promise<EventRecord[]> {
  await using orchestrator = await openOrchestrator(store, { mode: 'read-only' });
  const events: EventRecord[] = [];
  for await (const event of everyRow((page) => orchestrator.listEvents(page))) events.push(event);
  return events;
}

/** The ids of the commands in a store's log. */
export async function commandsIn(store: string): Promise<Set<string>> {
  return new Set((await logOf(store)).flatMap(({ commandId }) => commandId ?? []));
}

/** The dedupe keys of the tasks that were done. */
export async function doneIn(store: string): Promise<string[]> {
  await using orchestrator = await openOrchestrator(store, { mode: 'read-only' });
  const { items } = await orchestrator.listTasks({ status: ['succeeded'], limit: 500 });
  return items.map(({ dedupeKey }) => dedupeKey ?? '').toSorted();
}
