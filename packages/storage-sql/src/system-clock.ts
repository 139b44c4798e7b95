import { readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import type { Clock } from '@agent-orchestrator/core';

/**
 * The machine's own clocks. `steady` is CLOCK_MONOTONIC on Linux, which stops while the machine sleeps. On other
 * systems it may continue, and a sleep is then not detected as a jump. Without a kernel boot id, the machine's name is
 * used: after a restart the steady clock starts from zero, which looks like a jump, so every holder gets a new TTL.
 */
export const systemClock: Clock = {
  read: () => ({
    wall: Date.now(),
    steady: Math.floor(Number(process.hrtime.bigint()) / 1e6),
    // Asking for the uptime costs more than all the others together, and few readings are looked at that closely.
    get uptime() {
      return Math.floor(uptime() * 1000);
    },
    boot,
  }),
};

const boot = bootId();

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return hostname();
  }
}
