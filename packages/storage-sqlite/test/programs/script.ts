/**
 * Opens the store and makes a fixed series of calls, with a journal, while the disk fails under it. A call with an
 * unknown outcome, or one that may succeed later, is sent again as it was; then the series continues.
 */
import { Orchestrator, OrchestratorError } from '@agent-orchestrator/core';
import {
  JournalFile,
  JournaledCalls,
  newCommandId,
  seedFor,
  type JournaledCallName,
  type SentCalls,
} from '@agent-orchestrator/storage-conformance/processes';
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
const calls = new JournaledCalls({
  orchestrator: new Orchestrator({ storage, newCommandId, newSeed }),
  write: (line) => journal.write(line),
  now: Date.now,
});

await send('enqueue', {
  tasks: [{ sessionId: 'line', title: 'first' }, { sessionId: 'line', title: 'second' }, { title: 'alone' }],
});
const reply = await send('claim', TERMS);
const claim = reply.ok ? reply.claims[0] : undefined;
if (claim === undefined) throw new Error('nothing was claimed');
const holder = { token: claim.lease.token };
await send('checkpoint', { ...holder, nextAction: 'continue' });
await send('heartbeat', holder);
const released = await send('release', { items: [{ ...holder, outcome: 'succeeded' }], claimNext: TERMS });
const [next] = released.next;
if (next === undefined) throw new Error('there was no next task');
await send('release', { items: [{ token: next.lease.token, outcome: 'succeeded' }] });

await persist(async () => storage.close());
journal.write({ is: 'ended', at: Date.now() });
journal.close();

/** The seed is made of the command id, so that the test can send what was not answered again. */
async function send<C extends JournaledCallName>(
  command: C,
  request: Omit<SentCalls[C]['request'], 'commandId' | 'seed'>,
): Promise<SentCalls[C]['reply']> {
  const commandId = newCommandId();
  const seed = command === 'claim' || command === 'release' ? { seed: seedFor(commandId) } : {};
  const identified = (
    command === 'heartbeat' ? request : { ...request, commandId, ...seed }
  ) as SentCalls[C]['request'];
  return persist(async () => calls.call(command, identified));
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
