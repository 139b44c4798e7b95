import { readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';
import { watchClock, type Clock, type ClockReading } from '@agent-orchestrator/core';

/**
 * The machine's own clocks. `steady` is CLOCK_MONOTONIC on Linux, which stops while the machine sleeps. On other
 * systems it may continue, and a sleep is then not detected as a jump. Without a kernel boot id, the machine's name is
 * used: after a restart the steady clock starts from zero, which looks like a jump, so every holder gets a new TTL.
 */
export const systemClock: Clock = machineClock({
  wall: () => Date.now(),
  monotonic: () => Math.floor(Number(process.hrtime.bigint()) / 1e6),
  boottime: () => Math.floor(uptime() * 1000),
  boot: bootId(),
  offsets: timeNamespaceOffsets(),
});

/** The clocks that a process can read, in milliseconds. */
export interface ProcessClocks {
  readonly wall: () => number;
  readonly monotonic: () => number;
  readonly boottime: () => number;
  readonly boot: string;
  readonly offsets: TimeNamespaceOffsets;
}

/** The clocks of the machine, from those of one of its processes. */
export function machineClock({ wall, monotonic, boottime, boot, offsets }: ProcessClocks): Clock {
  const watch = watchClock();
  class Reading implements ClockReading {
    readonly wall = wall();
    readonly steady = monotonic() - offsets.monotonic;
    readonly boot = boot;
    readonly watch = watch(this);

    /** Asking for it costs more than all the others together, and few readings are looked at that closely. */
    get uptime(): number {
      return boottime() - offsets.boottime;
    }
  }
  return { read: () => new Reading() };
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return hostname();
  }
}

/** How far the steady clocks of a process are ahead of the machine's, in milliseconds. */
export interface TimeNamespaceOffsets {
  readonly monotonic: number;
  readonly boottime: number;
}

/**
 * Those of this process: a container may have a time namespace of its own. Without the offsets, processes inside and
 * outside would see different clocks.
 */
function timeNamespaceOffsets(): TimeNamespaceOffsets {
  try {
    return parseOffsets(readFileSync('/proc/self/timens_offsets', 'utf8'));
  } catch {
    // No Linux, or a kernel without time namespaces.
    return parseOffsets('');
  }
}

/**
 * @param text lines like `monotonic 100000 500000000`: the clock, seconds, nanoseconds
 */
export function parseOffsets(text: string): TimeNamespaceOffsets {
  const offsetOf = (clock: string): number => {
    const [, seconds = 0, nanoseconds = 0] = new RegExp(`^${clock}\\s+(-?\\d+)\\s+(\\d+)$`, 'mu').exec(text) ?? [];
    return Number(seconds) * 1_000 + Math.floor(Number(nanoseconds) / 1e6);
  };
  return { monotonic: offsetOf('monotonic'), boottime: offsetOf('boottime') };
}
