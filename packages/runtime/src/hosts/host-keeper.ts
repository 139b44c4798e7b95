/*
 * The keeper of a host: a process of its own beside the process of an agent host. It renews the leases that the
 * host holds while the host lives and its agent works, whatever becomes of the server of tools. It sees the end of the
 * host within a moment, and ends with it.
 */
import { rmSync } from 'node:fs';
import type { Orchestrator } from '@agent-orchestrator/core';
import { isHostAlive, registeredHost, type RegisteredHost } from '../processes/host-registry.ts';
import { noteLeftWork } from '../processes/kept-host.ts';
import { systemTime, type Time } from '../system/time.ts';
import { keepLease, type LeaseKeeper } from '../work/lease-keeper.ts';
import type { LeaseNews } from '../work/lease-news.ts';
import { giveBack } from './given-back.ts';
import type { HeldLease, Holdings, LeaseFate } from './holdings.ts';
import { HostOffspring, type SeenProcess } from './host-offspring.ts';
import { idleMs, nextStep, ProgressWatch, type HostSight, type KeeperBounds } from './keeper-rules.ts';
import { ProgressReader, type ProgressSigns } from './progress.ts';
import { stillRunningProgress } from './still-running.ts';

/** The calls that a keeper makes. */
export type KeeperCalls = Pick<Orchestrator, 'heartbeat' | 'checkpoint' | 'releaseTasks'>;

export interface HostKeeperOptions {
  readonly host: RegisteredHost;
  readonly holdings: Holdings;
  /** The folder of the signs of progress. */
  readonly signs: string;
  readonly calls: KeeperCalls;
  readonly bounds: KeeperBounds;
  readonly time?: Time;
  /** Whether this keeper is to continue: no other one has its place, and the holdings are still there. */
  readonly isWanted?: () => boolean;
  /** Called when the host is known to have ended. */
  readonly onHostEnded?: () => void;
  /** What it sees of the host; by default as it is. */
  readonly sees?: KeeperEyes;
}

export interface KeeperEyes {
  readonly isHostAlive: () => boolean;
  readonly progress: () => ProgressSigns;
  /** Called often while the host lives. */
  readonly lookAtOffspring: () => void;
  readonly offspring: () => readonly SeenProcess[];
}

/** How often it looks whether the host lives. */
const LOOK_MS = 200;
/** When the host has ended: whether its processes have. */
const LOOK_AGAIN_MS = 50;
/** How often it looks at the signs of progress, and at what the host started. */
const PROGRESS_LOOK_MS = 1_000;
const LIST_LOOK_MS = 1_000;
/** Without a lease it ends after this: a next claim starts another one. */
const NOTHING_HELD_MS = 30_000;
/** After the end of the host, it ends within this, whether the store answers or not. */
const LAST_CALL_MS = 300;
/** After a failed attempt to park. */
const PARK_AGAIN_MS = 5_000;

export class HostKeeper implements Disposable {
  readonly #options: HostKeeperOptions;
  readonly #time: Time;
  readonly #sees: KeeperEyes;
  readonly #watch: ProgressWatch;
  readonly #kept = new Map<number, LeaseKeeper>();
  /** What is known of a lease and could not be written: the disk may be full. It is written when it can be. */
  readonly #unwritten = new Map<number, LeaseFate>();
  #hostEndedAt: number | null = null;
  #aloneSince: number | null = null;
  #offspring: readonly SeenProcess[] = [];
  #progressSeenAt = Number.NEGATIVE_INFINITY;
  #heldAt: number;
  #parkNotBefore = 0;
  #isWanted = true;
  /** The fences that were held at the last look. */
  #known: ReadonlySet<number> = new Set();
  #list: { readonly changedAt: number; readonly at: number; readonly leases: readonly HeldLease[] } = {
    changedAt: 0,
    at: Number.NEGATIVE_INFINITY,
    leases: [],
  };

  constructor(options: HostKeeperOptions) {
    this.#options = options;
    this.#time = options.time ?? systemTime;
    this.#sees = options.sees ?? eyesOn(options.host, options.signs);
    this.#heldAt = this.#now;
    this.#watch = new ProgressWatch(this.#now);
  }

  /** Works until the host has ended, or nothing was held for a while. @returns which of the two */
  async run(): Promise<'host_ended' | 'nothing_held'> {
    for (;;) {
      if (await this.step()) return 'host_ended';
      if (this.#now - this.#heldAt > NOTHING_HELD_MS) return 'nothing_held';
      if (!this.#isWanted) return 'nothing_held';
      const ms = this.#hostEndedAt === null ? LOOK_MS : LOOK_AGAIN_MS;
      await new Promise<void>((resolve) => void this.#time.after(ms, resolve));
    }
  }

  /** Looks once, and does what is due. @returns whether the host has ended, and its keeper with it */
  async step(): Promise<boolean> {
    const leases = this.#keepAll();
    const sight = this.#look();
    switch (nextStep(sight, this.#options.bounds)) {
      case 'renew':
      case 'wait':
        return false;
      case 'park':
        await this.#park(leases, idleMs(sight, this.#options.bounds));
        return false;
      case 'give_back':
        await this.#atTheEnd(() => giveBack(this.#options.calls, leases, { why: 'host_ended' }));
        return true;
      case 'leave':
        this.#noteLeftWork();
        await this.#atTheEnd(() => this.#sayWhatLivesOn(leases));
        return true;
    }
  }

  [Symbol.dispose](): void {
    for (const kept of this.#kept.values()) kept.stop();
    this.#kept.clear();
  }

  get #now(): number {
    return this.#time.read().steady;
  }

  #look(): HostSight {
    const now = this.#now;
    // A look that failed, as without a free file, is no end: the next one may see the host again.
    const hasEnded = !this.#sees.isHostAlive();
    if (hasEnded) this.#lookAtTheEnd(now);
    else {
      [this.#hostEndedAt, this.#aloneSince] = [null, null];
      if (now - this.#progressSeenAt >= PROGRESS_LOOK_MS) this.#lookAtWork(now);
    }
    return { now, hostEndedAt: this.#hostEndedAt, aloneSince: this.#aloneSince, ...this.#watch.sight };
  }

  #lookAtTheEnd(now: number): void {
    if (this.#hostEndedAt !== null && now - this.#hostEndedAt >= this.#options.bounds.unseenForMs)
      this.#options.onHostEnded?.();
    this.#hostEndedAt ??= now;
    this.#offspring = this.#sees.offspring();
    this.#aloneSince = this.#offspring.length > 0 ? null : (this.#aloneSince ?? now);
  }

  #lookAtWork(now: number): void {
    this.#progressSeenAt = now;
    this.#watch.see(this.#sees.progress(), now);
    this.#sees.lookAtOffspring();
    this.#isWanted = this.#options.isWanted?.() ?? true;
    for (const fence of this.#unwritten.keys()) this.#tell({ fence }, {});
  }

  /** Keeps what came, and keeps no more what the tools have released. @returns what is held */
  #keepAll(): readonly HeldLease[] {
    const leases = this.#listed();
    if (leases.length + this.#unwritten.size > 0) this.#heldAt = this.#now;
    const held = new Set(leases.map(({ fence }) => fence));
    for (const [fence, kept] of this.#kept)
      if (!held.has(fence)) {
        kept.stop();
        this.#kept.delete(fence);
      }
    for (const lease of leases) {
      if (this.#kept.has(lease.fence)) continue;
      // A claim is work, also after what was held before has been parked.
      if (!this.#known.has(lease.fence)) this.#watch.note(this.#now);
      this.#keep(lease);
    }
    this.#known = held;
    return leases;
  }

  /** Read again when the folder has changed, and every second: two changes can have one time. */
  #listed(): readonly HeldLease[] {
    const { holdings } = this.#options;
    const { changedAt } = holdings;
    if (changedAt === this.#list.changedAt && this.#now - this.#list.at < LIST_LOOK_MS) return this.#list.leases;
    const leases = holdings.held().filter(({ fence }) => this.#unwritten.get(fence)?.ended === undefined);
    this.#list = { changedAt, at: this.#now, leases };
    return leases;
  }

  #keep(lease: HeldLease): void {
    const time = this.#time;
    const kept = keepLease({
      orchestrator: this.#options.calls,
      lease,
      since: time.read(),
      isAlive: () => this.#hostEndedAt === null,
      onNews: (news) => this.#hear(lease, news),
      time,
    });
    this.#kept.set(lease.fence, kept);
    // The claim may be older than this keeper.
    kept.renewNow();
  }

  #hear(lease: HeldLease, news: LeaseNews): void {
    switch (news.is) {
      case 'renewed':
        return this.#tell(lease, { expiresAt: news.expiresAt });
      case 'cancel_requested':
        return this.#tell(lease, { cancelRequested: true });
      case 'lost':
        return this.#tell(lease, { ended: { how: 'lost', reply: news.reply } });
      case 'expired':
        if (news.error !== null) return this.#tell(lease, { ended: { how: 'lost', reply: null } });
        // Late is not lost: the next look begins to keep it again.
        this.#kept.delete(lease.fence);
        return;
      default:
    }
  }

  async #park(leases: readonly HeldLease[], idle: number): Promise<void> {
    const { calls } = this.#options;
    if (leases.length === 0 || this.#now < this.#parkNotBefore) return;
    try {
      await giveBack(calls, leases, { why: 'no_progress', idleMs: wholeUnits(idle) });
    } catch {
      // The store does not answer. The lease is renewed meanwhile, if the store lets it.
      this.#parkNotBefore = this.#now + PARK_AGAIN_MS;
      return;
    }
    const ended = { how: 'parked' as const, at: this.#time.read().wall, idleMs: wholeUnits(idle) };
    for (const lease of leases) this.#tell(lease, { ended });
  }

  #tell({ fence }: Pick<HeldLease, 'fence'>, news: LeaseFate): void {
    const fate = { ...this.#unwritten.get(fence), ...news };
    try {
      this.#options.holdings.tell({ fence }, fate);
      this.#unwritten.delete(fence);
    } catch {
      this.#unwritten.set(fence, fate);
    }
    this.#list = { ...this.#list, at: Number.NEGATIVE_INFINITY };
  }

  /** Written here first: without an answer of the store, the death of the host would free its tasks. */
  #noteLeftWork(): void {
    try {
      noteLeftWork(this.#options.host);
    } catch {
      // Another keeper of the host has noted it, or the disk is full: then the store has to know it.
    }
  }

  async #sayWhatLivesOn(leases: readonly HeldLease[]): Promise<void> {
    const progress = stillRunningProgress(this.#offspring);
    await Promise.all(
      leases.map(({ token, instance }) =>
        // Group 0: nothing proves the holder dead any more.
        this.#options.calls.heartbeat({ token, ...(instance !== null && { instance }), progress, processGroup: 0 }),
      ),
    );
  }

  /** The last call, for which the store has a moment. Then the secrets go. */
  async #atTheEnd(call: () => Promise<void>): Promise<void> {
    this[Symbol.dispose]();
    const late = Promise.withResolvers<void>();
    const callOff = this.#time.after(LAST_CALL_MS, late.resolve);
    // Without an answer, the death of the host is proved by its process; or silence decides, if it left work.
    await Promise.race([call().catch(() => {}), late.promise]);
    callOff();
    rmSync(this.#options.holdings.folder, { recursive: true, force: true });
  }
}

function eyesOn(host: RegisteredHost, signs: string): KeeperEyes {
  const offspring = new HostOffspring(host);
  const progress = new ProgressReader();
  return {
    isHostAlive: () => isHostAlive(host.process),
    // A hook may tell of the transcript later.
    progress: () => progress.read({ folder: signs, transcript: (registeredHost(host.process) ?? host).transcript }),
    lookAtOffspring: () => offspring.look(),
    offspring: () => offspring.alive(),
  };
}

const MINUTE_MS = 60_000;
const SECOND_MS = 1_000;

/** For people, who do not need it to the millisecond. */
function wholeUnits(ms: number): number {
  const unit = ms >= MINUTE_MS ? MINUTE_MS : SECOND_MS;
  return Math.max(SECOND_MS, Math.floor(ms / unit) * unit);
}
