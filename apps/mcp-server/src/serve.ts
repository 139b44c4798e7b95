import { setTimeout as pause } from 'node:timers/promises';
import { fields, PARK_AFTER_MS, StoreAccess } from '@agent-orchestrator/runtime';
import { serveStdio, StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import { z } from 'zod';
import { Calls } from './calls.ts';
import type { Terms } from './context.ts';
import { HostSide } from './leases/host-side.ts';
import { newInstance } from './leases/server-run.ts';
import { PROFILES, type Profile } from './profiles.ts';
import { makeServer } from './server.ts';

export interface ServeOptions extends Terms {
  /** null: a name by host, machine and folder. */
  readonly agent: string | null;
  /** The URL of the store. */
  readonly store: string;
  readonly namespace: string;
  readonly profile: Profile;
  readonly version: string;
  /** The path of a program that calls `runKeeper`. */
  readonly keeperProgram: string;
  /** Ends the server. It also ends when standard input does. */
  readonly ended: AbortSignal;
  /** Gets lines for people. Standard output is the protocol's. */
  readonly log: (line: string) => void;
}

/** What a person sets. A call that fails by it would be blamed on the model, which cannot correct it. */
const SETTINGS = z.strictObject({
  agent: fields.name.nullable(),
  roles: fields.roles,
  ttlMs: fields.ttlMs,
  staleAfterMs: fields.staleAfterMs,
  parkAfterMs: z.int().min(PARK_AFTER_MS.min),
  namespace: fields.name,
});

/** How long the end of the server takes at most, and how much of it is for the calls under way. */
const END_WITHIN_MS = 20_000;
const CALLS_MS = 5_000;

/**
 * Serves the tools over standard input and output, in both eras of the protocol, until the input ends or `ended` is
 * aborted. What its host holds stays held: a keeper renews it for as long as the host lives.
 *
 * @throws `INVALID_INPUT` for settings that no call could work with
 */
export async function serveMcp({ store: url, profile, version, keeperProgram, ended, log, ...terms }: ServeOptions) {
  fields.parseInput(SETTINGS, terms);
  await using store = new StoreAccess(url, terms.namespace);
  using side = new HostSide({ ...terms, instance: newInstance(), store, url, keeperProgram });
  const calls = new Calls((conversation) => side.contextFor(conversation), log);
  const connection = connect(() => makeServer(PROFILES[profile], calls, version), log);
  ended.addEventListener('abort', () => void connection.close(), { once: true });
  if (ended.aborted) void connection.close();
  await connection.closed;
  // A store that never answers must not keep this process alive.
  setTimeout(() => process.exit(1), END_WITHIN_MS).unref();
  // A claim under way has a file when it is answered.
  await Promise.race([calls.settled(), pause(CALLS_MS, undefined, { ref: false })]);
  side.keep();
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
