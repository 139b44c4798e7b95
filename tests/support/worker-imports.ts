/** A worker in a process of its own, which says what was imported after its store was opened. */
import { registerHooks } from 'node:module';
import { setTimeout as pause } from 'node:timers/promises';
import { createWorker, openOrchestrator } from '@agent-orchestrator/runtime';

const { url, ms } = JSON.parse(process.argv[2] ?? '') as { readonly url: string; readonly ms: number };

await using orchestrator = await openOrchestrator(url);
const imported: string[] = [];
registerHooks({
  load(module, context, nextLoad) {
    imported.push(module);
    return nextLoad(module, context);
  },
});
const worker = createWorker({ orchestrator, agent: 'a', handler: async () => ({ done: true }) });
// A worker looks for dead holders about a second after its start.
await pause(ms);
await worker.stop();
await Promise.all([orchestrator.listSessions(), orchestrator.listTasks(), orchestrator.listEvents()]);
const { tasks } = await orchestrator.counts();
process.stdout.write(JSON.stringify({ imported, tasks }));
