// Many tasks wait for one, and one for many, while eight processes work and add more, and some of them are killed:
// - nothing stays blocked, and no worker is told of a deadlock or of any other error
// - what a killed process had not told is told by the next claim
// - the store is as its log says
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { KINDS, newPlace, opened } from './support/stores.ts';

const WORKER = fileURLToPath(new URL('support/dependency-worker.ts', import.meta.url));
const WORKERS = 8;
const FAN = 1_000;
const KILLS = 6;
const KILL_EACH_MS = 1_500;
const TIMEOUT_MS = 500_000;

test.each(KINDS)(
  'on %s, a thousand tasks that wait for one, and one that waits for a thousand, are all done',
  { timeout: TIMEOUT_MS + 60_000 },
  async (kind) => {
    const url = await newPlace(kind);
    const orchestrator = await opened(url);
    const middle = Array.from({ length: FAN }, (_, at) => `middle-${at}`);
    await orchestrator.enqueueTasks([{ id: 'first' }, ...middle.slice(1).map((id) => ({ id, dependsOn: ['first'] }))]);
    await orchestrator.enqueueTasks([
      { id: 'middle-0', dependsOn: ['first'] },
      { id: 'last', dependsOn: middle },
    ]);
    const errors: string[] = [];
    const workers = Array.from({ length: WORKERS }, (_, at) => startWorker(url, `agent-${at}`, errors));
    onTestFinished(async () => {
      await Promise.all(workers.map(ended));
    });

    for (let kill = 0; kill < KILLS; kill += 1) {
      await pause(KILL_EACH_MS);
      const at = kill % WORKERS;
      workers[at]?.kill('SIGKILL');
      workers[at] = startWorker(url, `agent-${at}`, errors);
    }
    const until = performance.now() + TIMEOUT_MS;
    let counts = (await orchestrator.counts()).tasks;
    while (counts.blocked + counts.queued + counts.scheduled + counts.running > 0 && performance.now() < until) {
      await pause(500);
      counts = (await orchestrator.counts()).tasks;
      if (errors.length > 0) break;
    }

    expect(errors).toEqual([]);
    expect(counts).toMatchObject({ blocked: 0, queued: 0, running: 0, failed: 0, cancelled: 0 });
    expect(counts.succeeded).toBeGreaterThan(FAN + 2);
    expect(await orchestrator.getTask('last')).toMatchObject({ status: 'succeeded', openDependencies: 0 });
    await Promise.all(workers.map(ended));
    expect((await orchestrator.verify()).findings).toEqual([]);
  },
);

function startWorker(url: string, name: string, errors: string[]): ChildProcess {
  const worker = fork(WORKER, [url, name], { execArgv: ['--conditions=@agent-orchestrator/source'] });
  worker.on('message', ({ error }: { readonly error: string }) => errors.push(`${name}: ${error}`));
  return worker;
}

async function ended(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  const exit = once(worker, 'exit');
  if (worker.connected) worker.disconnect();
  await exit;
}
