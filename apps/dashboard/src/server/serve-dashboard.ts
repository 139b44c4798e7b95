import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  locateStore,
  newCommandId,
  newSeed,
  openStorage,
  Orchestrator,
  type Thresholds,
} from '@agent-orchestrator/runtime';
import { Answers } from '../api/answers.ts';
import { Follower } from '../fold/follower.ts';
import { Verifier } from '../verify/verifier.ts';
import { addressesOf } from './addresses.ts';
import { SAFE_HEADERS } from './gate.ts';
import { Loopback } from './loopback.ts';
import { Monitoring } from './monitoring.ts';
import { readPageFiles } from './page-files.ts';
import { route, type Parts } from './router.ts';
import { Secrets } from './secrets.ts';
import { SignIn } from './sign-in.ts';
import { Streams } from './stream.ts';

/** What is served, and where. */
export interface DashboardOptions {
  readonly store: string;
  readonly namespace: string;
  /** 0: any free one. */
  readonly port: number;
  /** The built pages. */
  readonly pageFolder: string;
  /** The program of the thread that verifies. */
  readonly verifyProgram: URL;
  readonly version: string;
  readonly thresholds: Thresholds;
  /** What a copied command needs to name the same store. */
  readonly commandOptions?: string;
  /** false: payloads, results, contexts and resume cards are not shown. */
  readonly payloads?: boolean;
  /** The address behind a proxy, and the secret that the proxy sends. */
  readonly proxy?: { readonly url: URL; readonly secret: string };
  readonly log?: (line: string) => void;
  readonly secrets?: Secrets;
  readonly clock?: () => number;
}

/** A dashboard that runs. */
export interface Dashboard extends AsyncDisposable {
  readonly port: number;
  /** `http://orch-….localhost:PORT/` */
  readonly url: string;
  readonly metricsTokenPath: string;
  readonly follower: Follower;
  /** A link that signs one browser in, within a minute. */
  newLink(): string;
}

const NAME_LENGTH = 10;
const BUSY_TIMEOUT_MS = 2_000;

/**
 * Serves the pages of one namespace of a store on this machine, until it is disposed. It opens the store for reading
 * alone.
 *
 * @throws the `STORE_` codes; the system's error if the port is in use (`EADDRINUSE`)
 */
export async function serveDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { store, namespace, clock = Date.now, log = () => {} } = options;
  const secrets = options.secrets ?? new Secrets();
  const files = readPageFiles(options.pageFolder);
  const storage = await openStorage(store, { mode: 'read-only', busyTimeoutMs: BUSY_TIMEOUT_MS });
  const ended = new AbortController();
  let loopback: Loopback | null = null;
  try {
    loopback = await Loopback.listen(options.port, notReady);
    const { port } = loopback;
    const orchestrator = new Orchestrator({ storage, namespace, newCommandId, newSeed });
    const follower = new Follower(storage, namespace, { clock });
    const running = follower.run(ended.signal);
    const { location } = await locateStore(store);
    const verifier = new Verifier(options.verifyProgram, { store, namespace }, clock);
    const reads = {
      orchestrator,
      log: storage.read,
      follower,
      withPayloads: options.payloads ?? true,
      commandOptions: options.commandOptions ?? '',
    };
    const name = `orch-${secrets
      .keyFor('name', String(port))
      .replaceAll(/[^a-z\d]/giu, '')
      .slice(0, NAME_LENGTH)
      .toLowerCase()}`;
    const addresses = addressesOf(name, port, options.proxy?.url ?? null);
    const parts: Parts = {
      addresses,
      signIn: new SignIn(secrets, addresses, { port, proxySecret: options.proxy?.secret ?? null, clock }),
      files,
      answers: new Answers(reads, verifier, { store: location.url, clock }),
      streams: new Streams(follower, clock),
      monitoring: new Monitoring(store, orchestrator, follower, {
        thresholds: options.thresholds,
        version: options.version,
        clock,
      }),
      log,
    };
    const listening = loopback;
    listening.answerWith((request, response) => void route(request, response, parts));
    return {
      port,
      url: `http://${addresses.host}/`,
      metricsTokenPath: secrets.metricsTokenPath,
      follower,
      newLink: () => parts.signIn.newLink(),
      async [Symbol.asyncDispose]() {
        ended.abort();
        parts.streams.close();
        listening[Symbol.dispose]();
        await verifier.close();
        await running;
        await storage.close();
      },
    };
  } catch (error) {
    ended.abort();
    loopback?.[Symbol.dispose]();
    await storage.close();
    throw error;
  }
}

/** Until the store is open. */
function notReady(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(503, SAFE_HEADERS).end();
}
