import { fields } from '@agent-orchestrator/runtime';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';
import { Calls } from './calls.ts';
import type { ToolContext } from './context.ts';
import { giveBack } from './leases/give-back.ts';
import { HeldTasks } from './leases/held-tasks.ts';
import { newInstance } from './leases/server-run.ts';
import { PROFILES, type Profile } from './profiles.ts';
import { makeServer } from './server.ts';
import { StoreAccess } from './store-access.ts';

export interface ServeOptions extends Pick<ToolContext, 'agent' | 'roles' | 'ttlMs' | 'staleAfterMs'> {
  /** The URL of the store. */
  readonly store: string;
  readonly namespace: string;
  readonly profile: Profile;
  readonly version: string;
  /** Ends the server. It also ends when standard input does. */
  readonly ended: AbortSignal;
  /** Gets lines for people. Standard output is the protocol's. */
  readonly log: (line: string) => void;
}

/** What a person sets. A call that fails by it would be blamed on the model, which cannot correct it. */
const SETTINGS = z.strictObject({
  agent: fields.name,
  roles: fields.roles,
  ttlMs: fields.ttlMs,
  staleAfterMs: fields.staleAfterMs,
  namespace: fields.name,
});

/** How long the end of the server takes at most. */
const END_WITHIN_MS = 20_000;

/**
 * Serves the tools over standard input and output, in both eras of the protocol, until the input ends or `ended` is
 * aborted. Then it gives back what it holds.
 *
 * @throws `INVALID_INPUT` for settings that no call could work with
 */
export async function serveMcp({ store: url, namespace, profile, version, ended, log, ...terms }: ServeOptions) {
  fields.parseInput(SETTINGS, { ...terms, namespace });
  await using store = new StoreAccess(url, namespace);
  const held = new HeldTasks({
    heartbeat: (call) => store.use('existing', (orchestrator) => orchestrator.heartbeat(call)),
    checkpoint: (call) => store.use('existing', (orchestrator) => orchestrator.checkpoint(call)),
  });
  const calls = new Calls({ ...terms, instance: newInstance(), store, held }, log);
  const connection = connect(() => makeServer(PROFILES[profile], calls, version), log);
  ended.addEventListener('abort', () => void connection.close(), { once: true });
  if (ended.aborted) void connection.close();
  await connection.closed;
  // A store that never answers must not keep this process alive, and its leases with it.
  setTimeout(() => process.exit(1), END_WITHIN_MS).unref();
  await giveBack({ calls, held, store, agent: terms.agent, log });
}

function connect(factory: () => ReturnType<typeof makeServer>, log: (line: string) => void) {
  const transport = new ObservedTransport();
  const server = serveStdio(factory, { transport, onerror: (error) => log(`protocol: ${error.message}`) });
  return { close: () => server.close(), closed: transport.closed };
}

/** Tells when the connection is over, also if the host ended it. */
class ObservedTransport extends StdioServerTransport {
  readonly #closed = Promise.withResolvers<void>();

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  override async close(): Promise<void> {
    await super.close();
    this.#closed.resolve();
  }
}
