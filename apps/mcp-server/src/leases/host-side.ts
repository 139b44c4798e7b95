import {
  agentOfHost,
  Holdings,
  isKept,
  isObserved,
  KEEPER_BOUNDS,
  noteProgress,
  noteServer,
  parkAfterMs,
  registerHost,
  rememberHeld,
  startKeeper,
  type KeeperBounds,
  type RegisteredHost,
  type StoreAccess,
} from '@agent-orchestrator/runtime';
import type { Terms, ToolContext } from '../context.ts';
import type { HeldTask } from './held-task.ts';
import { HeldTasks } from './held-tasks.ts';

export interface HostSideOptions extends Terms {
  /** null: the one that lives in the host. */
  readonly agent: string | null;
  readonly instance: string;
  readonly store: StoreAccess;
  /** The URL of the store. */
  readonly url: string;
  readonly namespace: string;
  /** The program that keeps what a host holds. null: nothing keeps it, in tests. */
  readonly keeperProgram: string | null;
  readonly findHost?: typeof registerHost;
  /** In a process with many conversations, each with holdings of its own: which of them this is. */
  readonly ownConversation?: string;
}

/** How often a keeper that was killed is missed. */
const WATCH_MS = 5_000;
/** A keeper that ends at once is not started more often than this. */
const STARTS_MAX = 3;
const STARTS_WITHIN_MS = 60_000;

/**
 * The host's side of a server: which process calls, what it holds, and who keeps that. The server has none of it in its
 * memory: it may be ended and started again by its host at any time, and may start before the hook of the host.
 */
export class HostSide implements Disposable {
  readonly #options: HostSideOptions;
  readonly #held = new Map<string, HeldTasks>();
  #last: ToolContext | null = null;
  readonly #watch: NodeJS.Timeout;
  /** When the last keepers were started, by the steady clock. */
  #starts: readonly number[] = [];

  constructor(options: HostSideOptions) {
    this.#options = options;
    this.#watch = setInterval(() => this.keep(), WATCH_MS).unref();
  }

  /** Who calls, and with what. @param conversation as the host names it with the call, if it does */
  contextFor(conversation: string | null): ToolContext {
    const { agent: named, findHost = registerHost, instance, store, roles } = this.#options;
    const { ttlMs, staleAfterMs } = this.#options;
    const known = findHost({ ...(named !== null && { agent: named }), ...(conversation !== null && { conversation }) });
    const host = known.agent === null ? findHost({ agentIfNone: agentOfHost(known.name) }) : known;
    const agent = named ?? host.agent ?? agentOfHost(host.name);
    noteServer(host);
    const held = this.#heldBy(host, agent);
    const signs = this.#signsOf(host, held);
    noteProgress(signs);
    const parks = parkAfterMs({ isObserved: isObserved({ ...host, ...signs }) }, this.#bounds);
    this.#last = { agent, instance, roles, ttlMs, staleAfterMs, parkAfterMs: parks, store, host, held };
    this.keep();
    return this.#last;
  }

  /** Where the signs of progress of a conversation are. */
  signsFor(conversation: string | null): { readonly folder: string } {
    const { host, held } = this.contextFor(conversation);
    return this.#signsOf(host, held);
  }

  /** A busy conversation must not keep what an idle one beside it holds. */
  #signsOf({ folder }: RegisteredHost, { holdings }: HeldTasks): { readonly folder: string } {
    return { folder: this.#options.ownConversation === undefined ? folder : holdings.folder };
  }

  /**
   * Makes sure that what is held is kept, by a process that outlives this one. Never throws: it runs by itself, in some
   * hosts in their own process. Without a keeper the lease ends by its TTL, and the next look tries again.
   */
  keep(): void {
    try {
      this.#keep();
    } catch {
      // There is no free file or process, or no room on the disk.
    }
  }

  #keep(): void {
    const { keeperProgram, url: store, namespace } = this.#options;
    if (this.#last === null || keeperProgram === null) return;
    const { host, held } = this.#last;
    if (held.all.length === 0 || isKept(held.holdings.folder)) return held.forgetNotKept();
    const now = performance.now();
    this.#starts = this.#starts.filter((at) => now - at < STARTS_WITHIN_MS);
    if (this.#starts.length >= STARTS_MAX) return held.warnNotKept();
    this.#starts = [...this.#starts, now];
    const { folder: signs } = this.#signsOf(host, held);
    startKeeper(keeperProgram, held.holdings, { host, signs, store, namespace, bounds: this.#bounds });
  }

  get #bounds(): KeeperBounds {
    return { ...KEEPER_BOUNDS, parkAfterMs: this.#options.parkAfterMs };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watch);
  }

  #heldBy(host: RegisteredHost, agent: string): HeldTasks {
    const { url: store, namespace, ownConversation: conversation } = this.#options;
    const place = { store, namespace, agent };
    const holdings = Holdings.of(host, { ...place, conversation });
    const onHold = ({ lease }: HeldTask) => {
      rememberHeld(place, lease.sessionId);
      this.keep();
    };
    const held = this.#held.get(holdings.folder) ?? new HeldTasks(holdings, onHold);
    this.#held.set(holdings.folder, held);
    return held;
  }
}
