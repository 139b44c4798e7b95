import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { amountOf } from '../amount.ts';
import type { BenchCase, Pairs } from '../bench-case.ts';
import { Shell } from '../command-line/shell.ts';
import type { Line, Pair } from '../line.ts';
import { quantileOf } from '../spread.ts';

const PROGRAM = fileURLToPath(new URL('../../../apps/cli/bin/orchestrator.js', import.meta.url));
/** What has to start in any case. */
const NODE = ['-e', '0'] as const;
const CALLS_PER_ROUND = { whole: 7, few: 1 } as const;
/** The first calls fill the caches of the system and of Node. */
const WARM_UP_CALLS = { whole: 1, few: 0 } as const;
/** More than all rounds claim. */
const TASKS = 1_000;

/** The commands that an agent waits for, in the order in which it calls them. */
const COMMANDS = ['claim', 'heartbeat', 'checkpoint', 'resume', 'release'] as const;
type CommandName = (typeof COMMANDS)[number];

const MEMORY: Line = {
  id: 'memory',
  title: '`orchestrator claim`, SQLite, most memory',
  unit: 'MB',
  against: '`node -e 0`',
  better: 'less',
  target: { of: 'ours', limit: 70 },
  isChecked: true,
};

/** How long an agent waits for a command in the shell, where Node itself has to start first. */
export const commandLine: BenchCase = {
  name: 'command-line',
  seconds: { begin: 2, round: 6 },
  lines: [
    ...COMMANDS.map((name): Line => ({
      id: name,
      title: `\`orchestrator ${name}\`, SQLite`,
      unit: 'ms (p50)',
      against: '`node -e 0`',
      better: 'less',
      target: { of: 'ratio', limit: 2.5 },
      isChecked: true,
    })),
    MEMORY,
  ],
  async begin(bench) {
    const home = mkdtempSync(join(bench.folder, 'home-'));
    const store = `sqlite:${join(home, 'store.db')}`;
    await fill(store);
    const agent = new Agent(new Shell(home), store);
    for (let call = 0; call < amountOf(bench, WARM_UP_CALLS); call += 1) await agent.work();
    const calls = amountOf(bench, CALLS_PER_ROUND);
    return {
      async round() {
        const taken: Worked[] = [];
        for (let call = 0; call < calls; call += 1) taken.push(await agent.work());
        const times = timesOf(taken);
        const memory = await agent.memory();
        for (const [id, { ours, other }] of Object.entries(times))
          bench.log(`  ${id} ${ours.toFixed(0)} ms, node -e 0 ${other.toFixed(0)} ms`);
        return { ...times, memory };
      },
      end: async () => rmSync(home, { recursive: true, force: true }),
    };
  },
};

type Worked = Readonly<Record<CommandName | 'node', number>>;

/** Calls the commands one after the other for one task. */
class Agent {
  readonly #shell: Shell;
  readonly #options: readonly string[];

  constructor(shell: Shell, store: string) {
    this.#shell = shell;
    this.#options = ['--store', store, '--agent', 'bench'];
  }

  /** The milliseconds of each command. */
  async work(): Promise<Worked> {
    const { elapsedMs: node } = await this.#shell.run(NODE);
    const { elapsedMs: claim, output } = await this.#command('claim', ['--json']);
    const lease = ['--token', tokenIn(output)];
    return {
      node,
      claim,
      heartbeat: (await this.#command('heartbeat', lease)).elapsedMs,
      checkpoint: (await this.#command('checkpoint', [...lease, '--next-action', 'continue'])).elapsedMs,
      resume: (await this.#command('resume', [])).elapsedMs,
      release: (await this.#command('release', [...lease, '--outcome', 'succeeded'])).elapsedMs,
    };
  }

  /** In megabytes. What it claims stays claimed. */
  async memory(): Promise<Pair> {
    return {
      ours: await this.#shell.memoryMb([PROGRAM, 'claim', ...this.#options]),
      other: await this.#shell.memoryMb(NODE),
    };
  }

  #command(name: CommandName, further: readonly string[]) {
    return this.#shell.run([PROGRAM, name, ...this.#options, ...further]);
  }
}

function timesOf(taken: readonly Worked[]): Pairs {
  const p50 = (of: keyof Worked): number =>
    quantileOf(
      taken.map((times) => times[of]),
      0.5,
    );
  return Object.fromEntries(COMMANDS.map((name) => [name, { ours: p50(name), other: p50('node') }]));
}

function tokenIn(output: string): string {
  const { data } = JSON.parse(output) as { readonly data: { readonly lease: { readonly token: string } } };
  return data.lease.token;
}

async function fill(store: string): Promise<void> {
  await using orchestrator = await openOrchestrator(store);
  await orchestrator.enqueueTasks(Array.from({ length: TASKS }, (_, at) => ({ title: `Task ${at}` })));
}
