// A worker with a journal. It notes the fences under which its handlers worked, and what was saved and released.
import { appendFileSync } from 'node:fs';
import { createWorker, openOrchestrator } from '@agent-orchestrator/runtime';
import { settings, tell } from '../../packages/storage-sqlite/test/programs/parent.ts';

const { url, journal, acted } = settings() as Readonly<Record<'url' | 'journal' | 'acted', string>>;
const note = (did: string, fence: number) => appendFileSync(acted, `${did} ${fence}\n`);

const orchestrator = await openOrchestrator(url);
const worker = createWorker({
  orchestrator,
  agent: 'company-agent',
  journal,
  concurrency: 3,
  findDead: null,
  handler: async ({ lease, checkpoint }) => {
    note('claim', lease.fence);
    tell('began');
    await checkpoint({ nextAction: 'end' });
    note('checkpoint', lease.fence);
  },
  onEvent: (event) => {
    if (event.is === 'released') note('release', event.claim.lease.fence);
  },
});
await worker.done;
