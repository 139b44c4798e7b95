import type { ServerResponse } from 'node:http';
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
/** A store that has not answered for longer may have had changes. It is asked every second. */
const SILENT_MS = 5_000;

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
  /** Until when the browser of each is signed in, in milliseconds. */
  readonly #open = new Map<ServerResponse, number>();
  readonly #timer: NodeJS.Timeout;
  readonly #stop: () => void;
  #pending: NodeJS.Timeout | null = null;

  constructor(follower: Follower, clock: () => number) {
    this.#follower = follower;
    this.#clock = clock;
    this.#stop = follower.onChange(() => (this.#pending ??= setTimeout(() => this.tellAll(), TOGETHER_MS)));
    this.#timer = setInterval(() => this.tellAll('alive'), ALIVE_MS);
    this.#timer.unref();
  }

  get count(): number {
    return this.#open.size;
  }

  /** @returns false: there are too many */
  open(response: ServerResponse, signedInUntil: number): boolean {
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
    this.#open.set(response, signedInUntil);
    response.on('close', () => this.#open.delete(response));
    return true;
  }

  state(): StreamState {
    const { phase, asOf, settled, behindSince, answeredAt, error } = this.#follower.state;
    const now = this.#clock();
    const isLate = behindSince !== null && (phase === 'reading' || now - behindSince > BEHIND_MS);
    const isBehind = isLate || now - answeredAt > SILENT_MS;
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
    for (const response of this.#open.keys()) response.end();
    this.#open.clear();
  }

  /** To all that are open. */
  tellAll(event: 'changed' | 'alive' = 'changed'): void {
    if (event === 'changed') this.#pending = null;
    for (const [response, signedInUntil] of this.#open) {
      if (this.#clock() >= signedInUntil) response.end();
      // What it was told before still waits to be sent: nothing reads it, and more would only gather here.
      else if (response.writableNeedDrain) response.destroy();
      else this.#tell(response, event);
    }
  }

  #tell(response: ServerResponse, event: 'changed' | 'alive'): void {
    const state = this.state();
    response.write(`id: ${state.as_of}\nevent: ${event}\ndata: ${JSON.stringify(state)}\n\n`);
  }
}
