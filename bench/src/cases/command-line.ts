import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import type { Bench, BenchCase } from '../bench-case.ts';
import { now } from '../now.ts';
import { quantileOf } from '../spread.ts';

const PROGRAM = fileURLToPath(new URL('../../../apps/cli/bin/orchestrator.js', import.meta.url));
const CALLS_PER_ROUND = 10;
/** More than all rounds claim. */
const TASKS = 1_000;

/** How long an agent waits for a claim from the shell, where Node itself has to start first. */
export const commandLine: BenchCase = {
  name: 'command-line',
  lines: [
    {
      id: 'claim',
      title: '`orchestrator claim`, SQLite',
      unit: 'ms (p50)',
      against: '`node -e 0`',
      better: 'less',
      target: { of: 'ratio', limit: 2.5 },
      checked: 'full',
    },
  ],
  async begin({ folder, log }: Bench) {
    const home = mkdtempSync(join(folder, 'home-'));
    const store = `sqlite:${join(home, 'store.db')}`;
    const tasks = Array.from({ length: TASKS }, (_, at) => ({ title: `Task ${at}` }));
    await (await filled(store, tasks))[Symbol.asyncDispose]();
    const claim = [PROGRAM, 'claim', '--store', store, '--agent', 'bench'];
    const empty = ['-e', '0'];
    // The first calls fill the caches of the system and of Node.
    for (const args of [claim, empty]) await elapsedMs(args, home);
    return {
      async round() {
        const [ours, other]: [number[], number[]] = [[], []];
        for (let call = 0; call < CALLS_PER_ROUND; call += 1) {
          ours.push(await elapsedMs(claim, home));
          other.push(await elapsedMs(empty, home));
        }
        const pair = { ours: quantileOf(ours, 0.5), other: quantileOf(other, 0.5) };
        log(`  claim ${pair.ours.toFixed(0)} ms, node -e 0 ${pair.other.toFixed(0)} ms`);
        return { claim: pair };
      },
      end: async () => rmSync(home, { recursive: true, force: true }),
    };
  },
};

async function filled(store: string, tasks: readonly { readonly title: string }[]) {
  const orchestrator = await openOrchestrator(store);
  await orchestrator.enqueueTasks(tasks);
  return orchestrator;
}

/** From the start of the process to its end. It sees none of the settings of the person who measures. */
async function elapsedMs(args: readonly string[], home: string): Promise<number> {
  const start = now();
  const env = { PATH: process.env['PATH'], HOME: home };
  const child = spawn(process.execPath, args, { env, cwd: home, stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${String(code)}`);
  return now() - start;
}
