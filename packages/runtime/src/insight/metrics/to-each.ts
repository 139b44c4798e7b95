import type { Telemetry } from '@agent-orchestrator/core';

/** Tells several of each command. */
export function toEach(telemetries: readonly Telemetry[]): Telemetry {
  return {
    started(command, namespace) {
      const observed = telemetries.map((one) => one.started(command, namespace));
      return {
        decided: () => observed.forEach((one) => one.decided?.()),
        ended: (end) => observed.forEach((one) => one.ended(end)),
      };
    },
    closed: () => telemetries.forEach((one) => one.closed?.()),
  };
}
