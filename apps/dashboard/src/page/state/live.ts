import { computed, signal } from '@preact/signals';
import type { StreamState } from '../../server/stream.ts';
import { at } from './route.ts';

/** `paused`: the tab is hidden, and lets go of its stream. */
type Connection = 'open' | 'lost' | 'signed_out' | 'paused';

const connection = signal<Connection>('lost');
export const server = signal<StreamState | null>(null);
/** Grows with each change of the store. */
export const changes = signal(0);

/** What the badge says. Nothing is called live that the page has not just heard. */
export const liveness = computed<'live' | 'behind' | 'stopped' | 'signed_out' | 'past'>(() => {
  if (connection.value === 'signed_out') return 'signed_out';
  if (at.value !== null) return 'past';
  if (connection.value !== 'open') return 'stopped';
  return server.value?.state ?? 'stopped';
});

/** The server says every ten seconds that it is there. */
const SILENT_MS = 25_000;
const AGAIN_MS = 2_000;

/** One stream for all tabs of a browser: it opens no more than six connections to a server. */
const channel = new BroadcastChannel('orchestrator.stream');
let heardAt = 0;
let isLeader = false;
let stop = new AbortController();

export function signedOut(): void {
  connection.value = 'signed_out';
}

/** Listens while the tab can be seen. */
export function listen(): void {
  channel.addEventListener('message', ({ data }: MessageEvent<StreamState | 'hello'>) => {
    if (data !== 'hello') hear(data);
    else if (isLeader && connection.value === 'open' && server.value !== null) channel.postMessage(server.value);
  });
  document.addEventListener('visibilitychange', () => (document.hidden ? pause() : void resume()));
  setInterval(() => {
    if (connection.value === 'open' && performance.now() - heardAt > SILENT_MS) connection.value = 'lost';
  }, 1_000);
  if (!document.hidden) void resume();
}

function hear(state: StreamState): void {
  heardAt = performance.now();
  const isNew = state.as_of !== server.value?.as_of || state.state !== server.value.state;
  connection.value = 'open';
  server.value = state;
  if (isNew) changes.value += 1;
}

function pause(): void {
  stop.abort();
  connection.value = 'paused';
}

/** The tab that gets the lock has the stream, and tells the others what it hears. */
async function resume(): Promise<void> {
  stop.abort();
  stop = new AbortController();
  const { signal: stopped } = stop;
  connection.value = 'lost';
  // What happened meanwhile is shown at once.
  changes.value += 1;
  channel.postMessage('hello');
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) return hold(stopped);
  await locks.request('orchestrator.stream', { signal: stopped }, () => hold(stopped)).catch(() => {});
}

async function hold(stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    await stream(stopped);
    if (stopped.aborted) return;
    connection.value = (await isSignedOut()) ? 'signed_out' : 'lost';
    await wait(AGAIN_MS, stopped);
  }
}

/** Shows what the stream says, and tells the other tabs. */
function heard({ data }: MessageEvent<string>): void {
  const state = JSON.parse(data) as StreamState;
  hear(state);
  channel.postMessage(state);
}

/** Until it breaks, or the tab is hidden. */
async function stream(stopped: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const source = new EventSource('api/stream');
  isLeader = true;
  source.addEventListener('changed', heard);
  source.addEventListener('alive', heard);
  source.addEventListener('error', () => resolve());
  stopped.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  source.close();
  isLeader = false;
}

async function isSignedOut(): Promise<boolean> {
  try {
    return (await fetch('api/stream', { method: 'HEAD' })).status === 401;
  } catch {
    return false;
  }
}

async function wait(ms: number, stopped: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  stopped.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
