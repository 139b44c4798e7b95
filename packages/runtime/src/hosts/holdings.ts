/*
 * What the process of a host holds, as private files: each lease with its token, and what became of it. The server of
 * tools and the hooks of a host write and read them, and the keeper renews what is in them. So a lease outlives a
 * server that its host ends, and no model sees a token.
 */
import { createHash } from 'node:crypto';
import { existsSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { numberOf, type ClaimRecord, type LeaseRefusal } from '@agent-orchestrator/core';
import { LEASE_FILE, LEASES_FOLDER, namesIn, type RegisteredHost } from '../processes/host-registry.ts';
import { makePrivateFolder, writePrivateFile } from '../system/private-files.ts';
import { readPrivateFile, replacePrivateFile } from '../system/private-json.ts';

/** A lease that the process of a host holds. */
export interface HeldLease {
  readonly fence: number;
  /** It proves the lease to the store. Do not print it. */
  readonly token: string;
  readonly agent: string;
  readonly instance: string | null;
  readonly sessionId: string;
  readonly taskId: string;
  /** The number of the task: `t42`. */
  readonly name: string;
  /**
   * Of a review: the round that it judges; null: it judges no work of another task. The kind does not say that: who
   * creates a task chooses it.
   */
  readonly round: number | null;
  /** Its kind, its attempts and its note, as they were when it was claimed. */
  readonly kind: string;
  readonly attempt: number;
  readonly attemptsMax: number;
  readonly note: string | null;
  readonly ttlMs: number;
  /** As it was granted, in milliseconds; `LeaseFate` has the last renewal. */
  readonly expiresAt: number;
  /** The conversation of the host in which it was claimed, if the host tells. */
  readonly conversation: string | null;
}

/** What the keeper knows of a lease. */
export interface LeaseFate {
  /** Since the last renewal, in milliseconds. */
  readonly expiresAt?: number;
  readonly cancelRequested?: true;
  /** The lease is over, and its token is of no use any more. */
  readonly ended?: LeaseEnd;
}

export type LeaseEnd =
  /** Another process ended it; null: the store has moved. */
  | { readonly how: 'lost'; readonly reply: LeaseRefusal | null }
  /** The keeper gave it back: the agent did nothing for so long. */
  | { readonly how: 'parked'; readonly at: number; readonly idleMs: number };

/** Whose leases they are. Two agents in one process have holdings of their own. */
export interface HoldingsOwner {
  /** The URL of the store, as the settings give it. */
  readonly store: string;
  readonly namespace: string;
  readonly agent: string;
  /** For a host that has many conversations in one process, each with an agent of its own. */
  readonly conversation?: string | undefined;
}

export class Holdings {
  /** Private to this user. */
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  static of({ folder }: Pick<RegisteredHost, 'folder'>, owner: HoldingsOwner): Holdings {
    const { store, namespace, agent, conversation = '' } = owner;
    const key = createHash('sha256')
      .update(JSON.stringify([store, namespace, agent, conversation]))
      .digest('hex');
    return new Holdings(join(folder, key.slice(0, 12)));
  }

  /** The leases that are held, the oldest first, without those of which the keeper has told that they are over. */
  held(): HeldLease[] {
    return this.list().filter((lease) => this.fateOf(lease).ended === undefined);
  }

  /** The leases that have a file, the oldest first: the tools take those away that are over. */
  list(): HeldLease[] {
    const fences = namesIn(join(this.folder, LEASES_FOLDER)).flatMap((name) => LEASE_FILE.exec(name)?.[1] ?? []);
    const leases = fences.map(Number).toSorted((a, b) => a - b);
    return leases.flatMap((fence) => (readPrivateFile(this.#lease(fence)) as HeldLease | null) ?? []);
  }

  /** Changes whenever a lease comes, goes, or has news. */
  get changedAt(): number {
    return statSync(join(this.folder, LEASES_FOLDER), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  }

  /** Stores a lease that was granted. A keeper that looks at the folder renews it from now on. */
  add({ task, lease }: ClaimRecord, conversation: string | null): HeldLease {
    const { fence, token, agent, instance, sessionId, ttlMs, expiresAt } = lease;
    const { kind, reviewOf, attempt, attemptsMax, note } = task;
    const by = { fence, token, agent, instance, sessionId, ttlMs, expiresAt };
    const held = {
      ...by,
      taskId: task.id,
      name: numberOf('task', task),
      kind,
      round: reviewOf?.round ?? null,
      attempt,
      attemptsMax,
      note,
      conversation,
    };
    makePrivateFolder(join(this.folder, LEASES_FOLDER));
    replacePrivateFile(this.#lease(fence), held);
    return held;
  }

  /** The lease is over: nothing of it is kept. */
  remove({ fence }: Pick<HeldLease, 'fence'>): void {
    rmSync(this.#lease(fence), { force: true });
    rmSync(this.#fate(fence), { force: true });
    this.setTold({ fence }, true);
  }

  fateOf({ fence }: Pick<HeldLease, 'fence'>): LeaseFate {
    return (readPrivateFile(this.#fate(fence)) as LeaseFate | null) ?? {};
  }

  /** Adds to what is known of a lease. Only the keeper does it. */
  tell({ fence }: Pick<HeldLease, 'fence'>, news: LeaseFate): void {
    // What a tool has released meanwhile needs no fate.
    if (existsSync(this.#lease(fence))) replacePrivateFile(this.#fate(fence), { ...this.fateOf({ fence }), ...news });
  }

  /** Whether the model was told of the lease: the host can give up waiting for the answer to a claim. */
  isTold({ fence }: Pick<HeldLease, 'fence'>): boolean {
    return !existsSync(this.#untold(fence));
  }

  setTold({ fence }: Pick<HeldLease, 'fence'>, isTold: boolean): void {
    if (isTold) rmSync(this.#untold(fence), { force: true });
    else this.#mark(this.#untold(fence));
  }

  /**
   * Whether each call has to name its task: once two leases were held together, or one was lost, for as long as the
   * process of the host lives. Its subagents share the leases. One that does not know that its task is over, or was
   * ended by a call before, would otherwise end the task of another one by a call without a name.
   */
  get mustName(): boolean {
    return existsSync(this.#severalFile);
  }

  nameFromNowOn(): void {
    this.#mark(this.#severalFile);
  }

  get #severalFile(): string {
    return join(this.folder, 'several');
  }

  #lease(fence: number): string {
    return join(this.folder, LEASES_FOLDER, `${fence}.json`);
  }

  #fate(fence: number): string {
    return join(this.folder, LEASES_FOLDER, `${fence}.fate.json`);
  }

  #untold(fence: number): string {
    return join(this.folder, LEASES_FOLDER, `${fence}.untold`);
  }

  #mark(path: string): void {
    if (existsSync(path)) return;
    makePrivateFolder(dirname(path));
    writePrivateFile(path, '');
  }
}
