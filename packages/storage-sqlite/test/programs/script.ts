/**
 * Opens the store and makes a fixed series of calls, with a journal, while the disk fails under it. A call with an
 * unknown outcome, or one that may succeed later, is sent again as it was; then the series goes on.
 */
import { Orchestrator, OrchestratorError } from '@agent-orchestrator/core';
import { JournalFile, JournalledCalls, newCommandId } from '@agent-orchestrator/storage-conformance/processes';
import { openSqliteStorage } from '../../src/index.ts';
import { newSeed } from '../new-seed.ts';
import { settings } from './parent.ts';

interface Settings {
  readonly path: string;
  readonly folder: string;
  readonly run: number;
}

const TRIES_MAX = 10;
const TERMS = { agent: 'script', ttlMs: 60_000, staleAfterMs: 60_000 };

const { path, folder, run } = settings() as Settings;
const journal = new JournalFile(folder, 'script', run);
journal.write({ is: 'started', agent: 'script', instance: `script.${run}`, at: Date.now() });

const storage = await persist(async () => {
  const opened = await openSqliteStorage({ path });
  try {
    await opened.migrate();
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
});
const calls = new JournalledCalls({
  orchestrator: new Orchestrator({ storage, newCommandId, newSeed }),
  write: (line) => journal.write(line),
  now: Date.now,
});

const tasks = [{ sessionId: 'line', title: 'first' }, { sessionId: 'line', title: 'second' }, { title: 'alone' }];
await send({ tasks, commandId: newCommandId() }, async (request) => calls.call('enqueue', request));
const reply = await send(newClaim(), async (request) => calls.call('claim', request));
const claim = reply.ok ? reply.claims[0] : undefined;
if (claim === undefined) throw new Error('nothing was claimed');
const { token } = claim.lease;
await send({ token, nextAction: 'go on', commandId: newCommandId() }, async (request) =>
  calls.call('checkpoint', request),
);
await send({ token }, async (request) => calls.call('heartbeat', request));
const released = await send({ ...newRelease(token), claimNext: TERMS, seed: newSeed() }, async (request) =>
  calls.call('release', request),
);
const [next] = released.next;
if (next === undefined) throw new Error('there was no next task');
await send(newRelease(next.lease.token), async (request) => calls.call('release', request));

await persist(async () => storage.close());
journal.write({ is: 'ended', at: Date.now() });
journal.close();

function newClaim() {
  return { ...TERMS, commandId: newCommandId(), seed: newSeed() };
}

function newRelease(ofToken: string) {
  return { items: [{ token: ofToken, outcome: 'succeeded' as const }], commandId: newCommandId() };
}

/** Sends the very same request until it is answered. */
async function send<Request, Reply>(request: Request, call: (request: Request) => Promise<Reply>): Promise<Reply> {
  return persist(async () => call(request));
}

/** What is retryable is tried again at once: the fault is a single one. */
async function persist<R>(act: () => Promise<R>): Promise<R> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (tries >= TRIES_MAX || !(error instanceof OrchestratorError) || !error.retryable) throw error;
    }
  }
}
