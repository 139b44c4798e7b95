// The card of an agent in a store where others have done much:
// - an agent that never held anything has none, and no event of others is read for it
// - an agent that held something long ago finds it, and reads its own events alone
import { Orchestrator, type Event, type Page, type Reader, type Storage } from '@agent-orchestrator/core';
import { createMemoryData, openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, test } from 'vitest';
import { newCommandId, newSeed, readResume } from '../src/index.ts';

const TASKS_OF_OTHERS = 400;

/** The same storage, which says whose events were read. */
function watched(storage: Storage, tell: (page: Page<Event>) => void): Storage {
  const watchedReader = (reader: Reader): Reader => ({
    ...reader,
    async events(filter) {
      const page = await reader.events(filter);
      tell(page);
      return page;
    },
    snapshot: (use) => reader.snapshot((inside) => use(watchedReader(inside))),
  });
  return {
    capabilities: storage.capabilities,
    read: watchedReader(storage.read),
    migrate: () => storage.migrate(),
    transact: (scope, decide) => storage.transact(scope, decide),
    watch: (onChange) => storage.watch(onChange),
    close: () => storage.close(),
  };
}

async function busyStore() {
  const data = createMemoryData();
  const orchestrator = new Orchestrator({ storage: openMemoryStorage({ data }), newCommandId, newSeed });
  await orchestrator.enqueueTask({ id: 'mine', sessionId: 'mine' });
  const claimed = await orchestrator.claimTask({ agent: 'early-agent' });
  if (!claimed.ok) throw new Error('nothing was claimed');
  await orchestrator.releaseTask({ token: claimed.lease.token, outcome: 'handed_off', to: { agent: 'home-agent' } });
  await orchestrator.enqueueTasks(Array.from({ length: TASKS_OF_OTHERS }, () => ({})));
  const others = await orchestrator.claimTasks({ agent: 'company-agent', limit: TASKS_OF_OTHERS });
  if (!others.ok || others.claims.length !== TASKS_OF_OTHERS) throw new Error('not all were claimed');
  const agents: (string | null)[] = [];
  const tell = ({ items }: Page<Event>) => agents.push(...items.map(({ agent }) => agent));
  const storage = watched(openMemoryStorage({ data }), tell);
  return { orchestrator: new Orchestrator({ storage, newCommandId, newSeed }), agents };
}

test('an agent that never held anything has none, and no event is read for it', async () => {
  const { orchestrator, agents } = await busyStore();

  const { facts } = await readResume(orchestrator, { agent: 'new-agent' });

  expect([facts, agents]).toEqual([null, []]);
});

test('an agent that held something long ago finds it, and reads no event of others', async () => {
  const { orchestrator, agents } = await busyStore();

  const { facts } = await readResume(orchestrator, { agent: 'early-agent' });

  expect(facts?.session).toMatchObject({ id: 'mine', tenure: { agent: 'early-agent', taskId: 'mine' } });
  expect(agents).toContain('early-agent');
  expect(agents).not.toContain('company-agent');
});
