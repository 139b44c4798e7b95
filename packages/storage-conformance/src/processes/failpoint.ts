import type { WriteSet, Loaded, Scope, Storage } from '@agent-orchestrator/core';
import type { JournaledCallName } from '@agent-orchestrator/core/journal';

/**
 * The moments of a call, in order: `sent`, it is in the journal but not sent yet · `decided`, it was decided and
 * nothing is written · `committing`, its rows are written or on their way, and its commit is not confirmed ·
 * `answered`, it took effect, but the answer is not in the journal yet.
 */
export type Moment = 'sent' | 'decided' | 'committing' | 'answered';

/** `claim.committing`, `release.answered` and so on. */
export type NamedFailpoint = `${JournaledCallName}.${Moment}`;

/**
 * Of a worker's day: each command between the writing of its rows and its commit, and between commit and answer; two
 * before they wrote anything.
 */
export const FAILPOINTS: readonly NamedFailpoint[] = [
  'claim.decided',
  'release.decided',
  ...(['enqueue', 'claim', 'heartbeat', 'checkpoint', 'release', 'recover'] as const).flatMap((command) =>
    (['committing', 'answered'] as const).map((moment): NamedFailpoint => `${command}.${moment}`),
  ),
];

/** Where a process kills itself. */
export interface Failpoint {
  /** null: whatever the call is. */
  readonly command: JournaledCallName | null;
  readonly moment: Moment;
  /** At the first of these calls, counted from 1, that comes to this moment from the number on. */
  readonly call: number;
}

export function named(name: NamedFailpoint, call: number): Failpoint {
  const [command, moment] = name.split('.') as [JournaledCallName, Moment];
  return { command, moment, call };
}

export function nameOf({ command, moment }: Failpoint): NamedFailpoint | null {
  return command === null ? null : `${command}.${moment}`;
}

/** Follows the calls of a process, which come one after the other, and ends it where it is to end. */
export class Fuse {
  readonly #failpoint: Failpoint | null;
  #calls = 0;
  #armed = false;

  constructor(failpoint: Failpoint | null) {
    this.#failpoint = failpoint;
  }

  /** A call begins. */
  begin(command: JournaledCallName): void {
    if (this.#failpoint === null) return;
    const counts = this.#failpoint.command === null || this.#failpoint.command === command;
    if (counts) this.#calls += 1;
    this.#armed = counts && this.#calls >= this.#failpoint.call;
  }

  /** The call that began last has come so far. */
  reach(moment: Moment): void {
    if (this.#armed && this.#failpoint?.moment === moment) process.kill(process.pid, 'SIGKILL');
  }

  /** A storage that reports the moment when a call was decided. */
  watch(storage: Storage): Storage {
    const transact = async <R>(scope: Scope, decide: (loaded: Loaded) => WriteSet<R>): Promise<R> =>
      storage.transact(scope, (loaded) => {
        const writeSet = decide(loaded);
        this.reach('decided');
        return writeSet;
      });
    return {
      capabilities: storage.capabilities,
      read: storage.read,
      transact,
      migrate: () => storage.migrate(),
      watch: (onChange) => storage.watch(onChange),
      close: () => storage.close(),
    };
  }
}
