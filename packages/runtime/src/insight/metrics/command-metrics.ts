import type { CommandEnd, ObservedCommand, Telemetry } from '@agent-orchestrator/core';
import { familiesOf, type Family } from './families.ts';
import { Tally } from './tally.ts';

/**
 * Measures the commands of this process: how long they take, how long they wait for a busy store, and how many share a
 * group. Not in the log, so the values begin again with each process.
 *
 * ```ts
 * const commands = new CommandMetrics();
 * await using orchestrator = await openOrchestrator('sqlite:work.db', { telemetry: commands });
 * prometheusText(commands.families());
 * ```
 */
export class CommandMetrics implements Telemetry {
  readonly #tally = new Tally();
  readonly #nowMs: () => number;

  /** @param nowMs a clock that never goes back, in milliseconds */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  started(command: string): ObservedCommand {
    const begun = this.#nowMs();
    const seconds = () => (this.#nowMs() - begun) / 1_000;
    return {
      decided: () => this.#tally.observe('command_wait_seconds', [command], seconds()),
      ended: ({ outcome, groupSize }: CommandEnd) => {
        this.#tally.observe('command_duration_seconds', [command, outcome], seconds());
        if (groupSize > 0) this.#tally.observe('command_group_size', [], groupSize);
      },
    };
  }

  families(): readonly Family[] {
    return familiesOf(this.#tally);
  }
}
