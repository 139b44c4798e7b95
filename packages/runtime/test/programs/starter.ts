/** A worker in a process of its own, whose handler starts the commands that it is given, and waits. */
import { createWorker, openOrchestrator, ownProcess } from '../../src/index.ts';

const [url = '', ...scripts] = process.argv.slice(2);
const own = ownProcess();
const orchestrator = await openOrchestrator(url, own === null ? {} : { process: own });
const worker = createWorker({
  orchestrator,
  agent: 'a',
  handler: async ({ start }) => {
    const commands = [];
    for (const script of scripts) commands.push(await start(['sh', '-c', script]));
    await Promise.all(commands.map(async ({ ended }) => ended));
  },
});
await worker.done;
