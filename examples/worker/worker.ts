// Translates a text page by page. Kill it at any moment and start it again: it continues after the last page it saved.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createWorker, openOrchestrator, ownProcess, stopOnSignals, type Work } from '@agent-orchestrator/runtime';

const folder = process.env['PAGES'] ?? 'pages';

async function translate({ task, context, checkpoint, confirm, signal }: Work) {
  const { pages } = task.payload as { pages: number };
  // What the last holder of the session saved; null before the first checkpoint.
  const done = Number(context?.data ?? 0);
  await mkdir(folder, { recursive: true });

  for (let page = done + 1; page <= pages; page += 1) {
    // The work itself, such as a call of a model. Give it the signal, which is aborted when the work should stop.
    await pause(300, undefined, { signal });
    // The store cannot undo effects outside of it. So first confirm that this worker still holds the lease.
    await confirm();
    // A kill between here and the checkpoint does this page again, so doing it twice must do no harm.
    await writeFile(join(folder, `page-${page}.txt`), `page ${page}, translated\n`);
    await checkpoint({ lastAction: `page ${page}`, nextAction: `page ${page + 1}`, data: page });
    console.log(`page ${page}`);
  }
  return { pages };
}

// The store that the command line uses. The lease names this process, so that its death is detected at once (on Linux).
await using orchestrator = await openOrchestrator(undefined, { process: ownProcess() ?? undefined });

const worker = createWorker({ orchestrator, agent: 'translator', handler: translate });
// SIGTERM, Ctrl-C: claims nothing more, gives the handler two more seconds, then gives unfinished tasks back.
stopOnSignals(worker, { graceMs: 2_000 });
await worker.done;
