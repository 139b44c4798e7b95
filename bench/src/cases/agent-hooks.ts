import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openOrchestrator } from '@agent-orchestrator/runtime';
import { amountOf } from '../amount.ts';
import type { BenchCase } from '../bench-case.ts';
import { Shell, type EndedWithCpu } from '../command-line/shell.ts';
import type { Line, Pair } from '../line.ts';
import { quantileOf } from '../spread.ts';

const PROGRAM = fileURLToPath(new URL('../../../apps/cli/bin/hook.js', import.meta.url));
/** What has to start in any case. */
const NODE = ['-e', '0'] as const;
const CALLS_PER_ROUND = { whole: 7, few: 1 } as const;
/** The first calls fill the caches of the system and of Node. */
const WARM_UP_CALLS = { whole: 2, few: 0 } as const;
/** How many events each store has. */
const EVENTS = [0, 10_000, 100_000] as const;
const FEW_EVENTS = 100;
const BATCH = 1_000;

/** What a host calls often: at its start, and at the end of each turn. */
const MOMENTS = {
  SessionStart: { session_id: 'bench', source: 'startup' },
  Stop: { session_id: 'bench', last_assistant_message: 'Done.' },
} as const;
type Moment = keyof typeof MOMENTS;

/**
 * What an agent host waits for where a plugin is installed and the agent never held anything, as nearly every session
 * is. The time of the processors is what counts: the wall beside it is that of one process after the other.
 */
export const agentHooks: BenchCase = {
  name: 'agent-hooks',
  seconds: { begin: 12, round: 14 },
  lines: EVENTS.flatMap((events) =>
    Object.keys(MOMENTS).flatMap((moment): Line[] => {
      const title = `hook \`${moment}\`, nothing held, ${events.toLocaleString('en')} events`;
      const line = { against: '`node -e 0`', better: 'less', isChecked: false } as const;
      const target = { of: 'ratio', limit: 6 } as const;
      return [
        { ...line, id: `${moment}-${events}-cpu`, title, unit: 'ms of CPU (p50)', target },
        { ...line, id: `${moment}-${events}-wall`, title, unit: 'ms (p50)' },
      ];
    }),
  ),
  async begin(bench) {
    const home = mkdtempSync(join(bench.folder, 'home-'));
    const shell = new Shell(home);
    const stores = EVENTS.map((events) => [events, `sqlite:${join(home, `store-${events}.db`)}`] as const);
    for (const [events, store] of stores) await fill(store, bench.isSmallest ? Math.min(events, FEW_EVENTS) : events);
    const call = (store: string, moment: Moment) =>
      shell.withCpu([PROGRAM, 'claude-code', moment], JSON.stringify(MOMENTS[moment]), { ORCHESTRATOR_STORE: store });
    return {
      async round() {
        const pairs: Record<string, Pair> = {};
        for (const [events, store] of stores)
          for (const moment of Object.keys(MOMENTS) as Moment[]) {
            for (let count = 0; count < amountOf(bench, WARM_UP_CALLS); count += 1) await call(store, moment);
            const [ours, other]: [EndedWithCpu[], EndedWithCpu[]] = [[], []];
            for (let count = 0; count < amountOf(bench, CALLS_PER_ROUND); count += 1) {
              ours.push(await call(store, moment));
              other.push(await shell.withCpu(NODE, '', {}));
            }
            if (ours.some(({ output }) => output !== '')) throw new Error(`the hook ${moment} printed something`);
            for (const [kind, of] of [
              ['cpu', 'cpuMs'],
              ['wall', 'elapsedMs'],
            ] as const)
              pairs[`${moment}-${events}-${kind}`] = { ours: p50(ours, of), other: p50(other, of) };
            const { ours: cpu, other: node } = pairs[`${moment}-${events}-cpu`] ?? { ours: 0, other: 0 };
            bench.log(`  ${moment}, ${events} events: ${cpu.toFixed(0)} ms of CPU, node -e 0 ${node.toFixed(0)} ms`);
          }
        return pairs;
      },
      end: async () => rmSync(home, { recursive: true, force: true }),
    };
  },
};

function p50(taken: readonly EndedWithCpu[], of: 'cpuMs' | 'elapsedMs'): number {
  return quantileOf(
    taken.map((ended) => ended[of]),
    0.5,
  );
}

/** Each task is one event. None of them is for one agent alone. */
async function fill(store: string, events: number): Promise<void> {
  await using orchestrator = await openOrchestrator(store);
  for (let filled = 0; filled < events; filled += BATCH)
    await orchestrator.enqueueTasks(Array.from({ length: Math.min(BATCH, events - filled) }, () => ({})));
}
