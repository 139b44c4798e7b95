import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Follower } from '../fold/follower.ts';
import { SAFE_HEADERS } from './gate.ts';

/** A browser needs one for all its tabs. */
const STREAMS_MAX = 32;
/** A page that hears nothing for longer says that it is not live. */
const ALIVE_MS = 10_000;
/** Changes that come faster are told together. */
const TOGETHER_MS = 40;
/** Behind by less than this is live. */
const BEHIND_MS = 2_000;

/** What a page hears: not what has changed, only that something has, and how far the server is. */
export interface StreamState {
  readonly state: 'live' | 'behind' | 'stopped';
  readonly as_of: number;
  readonly settled: number;
  readonly error: string | null;
}

/** The open streams of pages. */
export class Streams {
  readonly #follower: Follower;
  readonly #clock: () => number;
  readonly #open = new Set<ServerResponse>();
  readonly #timer: NodeJS.Timeout;
  readonly #stop: () => void;
  #pending: NodeJS.Timeout | null = null;

  constructor(follower: Follower, clock: () => number) {
    this.#follower = follower;
    this.#clock = clock;
    this.#stop = follower.onChange(() => (this.#pending ??= setTimeout(() => this.#tellAll(), TOGETHER_MS)));
    this.#timer = setInterval(() => this.#tellAll('alive'), ALIVE_MS);
    this.#timer.unref();
  }

  get count(): number {
    return this.#open.size;
  }

  /** @returns false: there are too many */
  open(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#open.size >= STREAMS_MAX) return false;
    response.writeHead(200, {
      ...SAFE_HEADERS,
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // A proxy that collects answers would hold back each change.
      'x-accel-buffering': 'no',
    });
    response.write('retry: 2000\n');
    this.#tell(response, 'changed');
    this.#open.add(response);
    request.on('close', () => this.#open.delete(response));
    return true;
  }

  state(): StreamState {
    const { phase, asOf, settled, behindSince, error } = this.#follower.state;
    const isBehind = behindSince !== null && (phase === 'reading' || this.#clock() - behindSince > BEHIND_MS);
    return {
      state: phase === 'failed' ? 'stopped' : isBehind ? 'behind' : 'live',
      as_of: asOf,
      settled,
      error: error === null ? null : `${error.code}: ${error.message}`,
    };
  }

  close(): void {
    this.#stop();
    clearInterval(this.#timer);
    if (this.#pending !== null) clearTimeout(this.#pending);
    for (const response of this.#open) response.end();
    this.#open.clear();
  }

  #tellAll(event: 'changed' | 'alive' = 'changed'): void {
    if (event === 'changed') this.#pending = null;
    for (const response of this.#open) this.#tell(response, event);
  }

  #tell(response: ServerResponse, event: 'changed' | 'alive'): void {
    const state = this.state();
    response.write(`id: ${state.as_of}\nevent: ${event}\ndata: ${JSON.stringify(state)}\n\n`);
  }
}
