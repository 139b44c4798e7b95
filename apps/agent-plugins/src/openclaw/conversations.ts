import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  agentOfHost,
  readPrivateFile,
  registerHost,
  replacePrivateFile,
  resolveSettings,
  stateFolder,
  StoreAccess,
  type AgentPlace,
  type HostToRegister,
  type RegisteredHost,
} from '@agent-orchestrator/runtime';
import { Calls, HostSide, newInstance } from 'agent-orchestrator-mcp-server/in-process';
import type { SessionOf } from './api.ts';

/** One conversation of OpenClaw. Each holds tasks of its own. */
export interface Conversation {
  readonly key: string;
  readonly place: AgentPlace;
  readonly side: HostSide;
  readonly calls: Calls;
}

/** The keeper stands beside the plugin's program. */
const KEEPER = fileURLToPath(new URL('host-keeper.js', import.meta.url));
/** More are not remembered: the oldest go first. */
const REMEMBERED_MAX = 200;

/** Whether a key is of a turn that OpenClaw plays for itself, such as one that saves memories before a compaction. */
function isInternal(key: string): boolean {
  return key.split(':').some((part) => part.startsWith('internal-'));
}

/** The conversations of this process. OpenClaw has many agents in one process, and many conversations of each. */
export class Conversations {
  readonly #known = new Map<string, Promise<Conversation>>();
  readonly #log: (line: string) => void;
  #store: Promise<StoreAccess> | null = null;

  /** @param log gets lines for people */
  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** @returns null: no conversation of an agent */
  async of({ sessionKey: key, agentId }: SessionOf): Promise<Conversation | null> {
    if (key === undefined || key === '' || isInternal(key)) return null;
    const known = this.#known.get(key) ?? this.#open(key, agentId ?? key.split(':')[1] ?? 'main');
    this.#known.set(key, known);
    return known.catch((error: unknown) => {
      this.#known.delete(key);
      throw error;
    });
  }

  /** The process of OpenClaw, which holds the tasks. */
  host(told: HostToRegister = {}): RegisteredHost {
    return registerHost({ ...told, agent: null, name: 'openclaw', isThisProcess: true });
  }

  /** The store of all conversations, opened by the first that needs it. */
  async store(): Promise<StoreAccess> {
    this.#store ??= resolveSettings().then(({ store, namespace }) => new StoreAccess(store.value, namespace.value));
    return this.#store;
  }

  /** Notes that a conversation took a task, so that the next Gateway tells it of what was left. */
  remember({ key }: Conversation): void {
    this.#rememberAll([...this.remembered.filter((one) => one !== key), key].slice(-REMEMBERED_MAX));
  }

  forget(key: string): void {
    this.#rememberAll(this.remembered.filter((one) => one !== key));
  }

  /** A full disk makes no error of a call that has taken effect. */
  #rememberAll(keys: readonly string[]): void {
    try {
      replacePrivateFile(rememberedPath(), { session_keys: keys });
    } catch (error) {
      this.#log(`the conversations with tasks cannot be written down: ${(error as Error).message}`);
    }
  }

  get remembered(): readonly string[] {
    const read = readPrivateFile(rememberedPath()) as { readonly session_keys?: unknown } | null;
    const keys: readonly unknown[] = Array.isArray(read?.session_keys) ? read.session_keys : [];
    return keys.filter((key) => typeof key === 'string');
  }

  async close(): Promise<void> {
    for (const one of this.#known.values()) (await one.catch(() => null))?.side[Symbol.dispose]();
    this.#known.clear();
    const store = await this.#store;
    this.#store = null;
    await store?.[Symbol.asyncDispose]();
  }

  async #open(key: string, agentId: string): Promise<Conversation> {
    const { store: url, namespace, agent, ttlMs, staleAfterMs, parkAfterMs } = await resolveSettings();
    // The Gateway may be started anywhere, so its folder says nothing.
    const name = (agent.from === 'default' ? null : agent.value) ?? agentOfHost(`openclaw-${agentId}`, homedir());
    const side = new HostSide({
      agent: name,
      instance: newInstance(),
      store: await this.store(),
      url: url.value,
      namespace: namespace.value,
      roles: [],
      ttlMs: ttlMs.value,
      staleAfterMs: staleAfterMs.value,
      parkAfterMs: parkAfterMs.value,
      keeperProgram: KEEPER,
      ownConversation: key,
      findHost: (told) => ({ ...this.host({ ...told, conversation: null }), agent: name, conversation: key }),
    });
    const place = { store: url.value, namespace: namespace.value, agent: name };
    return { key, place, side, calls: new Calls(() => side.contextFor(key), this.#log) };
  }
}

function rememberedPath(): string {
  return join(stateFolder(), 'openclaw-conversations.json');
}
