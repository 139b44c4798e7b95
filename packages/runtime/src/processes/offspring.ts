/*
 * "All that it started": one notion for those who start a command, who pause and end it, who look for dead holders, and
 * who ask why a session is held.
 *
 * It is what the keeper of a lease keeps (keeper.ts), and what is in the lease's cgroup (control-group.ts). Where there
 * is neither, it is what the process group and the environment of processes show. That is enough to pause and end a
 * command, but only the keeper proves that nothing is left, and only while it is alive: a process can leave its group
 * and its cgroup, and empty its environment. One that may have left the keeper's sight is a doubt (strangers.ts).
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { ProcessIdentity } from '@agent-orchestrator/core';
import { ControlGroup, isInGroupOf } from './control-group.ts';
import { askKeeper } from './keeper-sight.ts';
import type { Keeper } from './keeper.ts';
import { mayBeOurs, ProcessScan, type CarriedLease } from './lease-processes.ts';
import { ownProcess, seesOwnProcesses } from './own-process.ts';
import {
  childrenOf,
  isGroupAlive,
  isNumberTaken,
  livingProcesses,
  readProcess,
  trySignal,
  withDescendants,
} from './process-table.ts';
import { hasStranger } from './strangers.ts';

/** A holder as its lease names it. `group`: that of its keeper; 0: not told yet; null: it has none. */
export interface NamedHolder extends Pick<ProcessIdentity, 'pid' | 'start'> {
  readonly fence: number;
  readonly group: number | null;
}

/** Names a lease on this machine since its start, for its keeper and its cgroup. */
function tagOf({ pid, start, fence }: Omit<NamedHolder, 'group'>): string {
  return `${pid}-${start}-${fence}`;
}

/** The tag of a lease that this process holds. */
export function ownTag(fence: number): string {
  const { pid, start } = ownProcess() ?? { pid: process.pid, start: 'unknown' };
  return tagOf({ pid, start, fence });
}

/** What is known of all that a holder started; `unproven`: it is not to be seen, but may be there. */
export type OffspringState = 'none' | 'alive' | 'unproven' | 'ended';

/**
 * Whether all that a holder started has ended. Only a keeper that is alive proves it, if there is no stranger that may
 * have left it. A process in the cgroup shows that it has not; an empty cgroup proves nothing.
 */
export function offspringOf(holder: NamedHolder): OffspringState {
  const { group } = holder;
  if (group === null) return 'none';
  // Not told yet: it may be any.
  if (group === 0) return 'unproven';
  const tag = tagOf(holder);
  const told = askKeeper(tag, group);
  if (told === 'alive') return 'alive';
  const isPopulated = ControlGroup.find(tag)?.isPopulated ?? null;
  // Where the cgroup is not to be seen, as in a sandbox, each process still names its own.
  if (isPopulated ?? livingProcesses().some(({ pid }) => isInGroupOf(pid, tag) && mayBeOurs(pid))) return 'alive';
  // A stranger would be in the cgroup.
  if (told === 'ended') return isPopulated === null && hasStranger(group, holder.start) ? 'unproven' : 'ended';
  return isGroupAlive(group) ? 'alive' : 'unproven';
}

/** A command may start processes faster than they can be stopped: give up after this many rounds. */
const ROUNDS_MAX = 20;
/** So many rounds in a row have to find nothing new: one look can miss a process that has just been started. */
const QUIET_ROUNDS = 2;
/** In each round. */
const QUICK_LOOKS = 10;
/** How long killed processes have to be gone. */
const KILLED_WITHIN_MS = 5_000;
const LOOK_MS = 20;

/** The process that was started, and how it can be reached. */
export interface Started {
  readonly lease: CarriedLease;
  /** The pid of the command. */
  readonly pid: number;
  /** Whether it has a session and a group of its own. */
  readonly hasOwnGroup: boolean;
  readonly keeper: Keeper | null;
  readonly cgroup: ControlGroup | null;
  readonly isAlive: () => boolean;
}

/** All that this process started under a lease: a command, and whatever came of it. */
export class Offspring {
  readonly #started: Started;
  /** Of the command. */
  readonly #start: string | null;
  #isGone = false;
  #hasGivenUp = false;

  constructor(started: Started) {
    this.#started = started;
    this.#start = readProcess(started.pid)?.start ?? null;
  }

  /** Whether nothing is left, as far as can be seen. From then on, others may get the numbers of its processes. */
  get isGone(): boolean {
    if (!this.#isGone) this.#isGone = this.#looksGone();
    return this.#isGone;
  }

  /** Whether a process may be left: the keeper was killed, a process could not be killed, or left the keeper. */
  get mayBeLeft(): boolean {
    const { keeper, cgroup } = this.#started;
    if (keeper === null) return this.#hasGivenUp && !this.isGone;
    if (!keeper.areAllGone) return true;
    if (cgroup !== null) return cgroup.isPopulated !== false;
    return this.#start !== null && seesOwnProcesses() && hasStranger(keeper.pid, this.#start);
  }

  /** A keeper that another process has stopped would not tell what ends. */
  wakeKeeper(): void {
    const { keeper } = this.#started;
    if (keeper?.isAlive) trySignal(keeper.pid, 'SIGCONT');
  }

  /** Sends a signal to all of it. */
  signal(signal: NodeJS.Signals): void {
    if (this.isGone) return;
    const { keeper, hasOwnGroup, pid } = this.#started;
    if (signal !== 'SIGSTOP') this.wakeKeeper();
    if (keeper === null && hasOwnGroup) trySignal(-pid, signal);
    else for (const one of this.#members()) trySignal(one, signal);
  }

  /** Sends a signal to the command and its group: one that is not meant for what has left it. */
  signalGroup(signal: NodeJS.Signals): void {
    const { hasOwnGroup, pid, isAlive } = this.#started;
    this.wakeKeeper();
    if (!hasOwnGroup) this.signal(signal);
    else if (isAlive()) trySignal(-pid, signal);
  }

  /** Stops all of it. */
  stop(): void {
    const { cgroup } = this.#started;
    // What is frozen starts nothing meanwhile, and is stopped when it thaws.
    cgroup?.freeze();
    this.#stopInRounds();
    cgroup?.thaw();
  }

  /** Until rounds find none that the rounds before have not stopped. How many there are says nothing. */
  #stopInRounds(): void {
    const stopped = new Set<number>();
    let quiet = 0;
    for (let round = 0; round < ROUNDS_MAX && quiet < QUIET_ROUNDS; round += 1) {
      const before = stopped.size;
      for (const pid of this.#stopAdopted()) stopped.add(pid);
      this.signal('SIGSTOP');
      for (const pid of this.#members()) stopped.add(pid);
      quiet = stopped.size === before ? quiet + 1 : 0;
    }
  }

  /**
   * What starts a process and ends, again and again, is another process before a look at all of them is over. But each
   * is soon a child of the keeper, or of a process that was stopped before it could end. A look at these is quick.
   */
  #stopAdopted(): ReadonlySet<number> {
    const { keeper } = this.#started;
    const found = new Set<number>();
    if (!keeper?.isAlive || !seesOwnProcesses()) return found;
    for (let look = 0; look < QUICK_LOOKS; look += 1) {
      const below = new Set([keeper.pid]);
      for (const parent of below) {
        for (const pid of childrenOf(parent)) {
          if (trySignal(pid, 'SIGSTOP')) found.add(pid);
          below.add(pid);
        }
      }
    }
    return found;
  }

  /** Kills all of it, and waits until it is gone, but not for processes that cannot be killed. */
  async kill(): Promise<void> {
    const giveUpAt = performance.now() + KILLED_WITHIN_MS;
    // What is stopped starts nothing more.
    if (!this.isGone) this.stop();
    while (!this.isGone) {
      this.#started.cgroup?.kill();
      this.signal('SIGKILL');
      this.#hasGivenUp = performance.now() > giveUpAt;
      if (this.#hasGivenUp) return;
      await pause(LOOK_MS);
    }
  }

  #looksGone(): boolean {
    const { keeper, cgroup, hasOwnGroup, pid, isAlive } = this.#started;
    if (cgroup?.isPopulated) return false;
    if (keeper !== null && !keeper.isLost) return keeper.areAllGone;
    if (isAlive()) return false;
    return keeper === null && hasOwnGroup ? !isGroupAlive(pid) : this.#members().length === 0;
  }

  #members(): readonly number[] {
    const { keeper, cgroup, lease, pid, hasOwnGroup, isAlive } = this.#started;
    const found = new Set(cgroup?.members());
    if (!seesOwnProcesses()) {
      // Other numbers than those of the command and its group may be those of others.
      if (hasOwnGroup && isNumberTaken(-pid)) found.add(-pid);
      else if (isAlive()) found.add(pid);
    } else if (keeper?.isAlive) {
      for (const one of withDescendants(livingProcesses(), (entry) => entry.pid === keeper.pid)) found.add(one.pid);
    } else {
      if (isAlive() || readProcess(pid)?.start === this.#start) found.add(pid);
      // On a terminal, the group is that of this process.
      const group = hasOwnGroup ? pid : 0;
      for (const one of ProcessScan.make().carriersOf({ ...lease, group })) found.add(one.pid);
    }
    for (const other of [keeper?.pid, process.pid, 0]) if (other !== undefined) found.delete(other);
    return [...found];
  }
}
