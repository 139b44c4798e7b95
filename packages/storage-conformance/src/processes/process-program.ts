/** One process of a run with many: told by its argument what it is, and by its parent when to finish. */
import { flushCompileCache } from 'node:module';
import { Orchestrator } from '@agent-orchestrator/core';
import type { JournalLine } from '@agent-orchestrator/core/journal';
import { newCommandId } from './command-id.ts';
import { Changes } from './changes.ts';
import { Fuse } from './failpoint.ts';
import { follow } from './follower.ts';
import { JournalFile } from './journal-file.ts';
import { ownIdentity } from './process-identity.ts';
import type { FromProcess, OpenProcess, ProcessSettings } from './settings.ts';
import { whenReachable } from './when-reachable.ts';
import { Worker } from './worker.ts';

const settings = JSON.parse(process.argv[2] ?? '') as ProcessSettings;
const { workload, agent, run, number, role, failpoint } = settings;

// Without its parent it would never be told to finish.
process.once('disconnect', orphaned);

const journal = new JournalFile(workload.folder, agent, run);
// Every third worker is unknown to the authority as a process; of the others, every second one brings evidence when it
// comes back.
const identity = number % 3 === 0 ? null : ownIdentity();
journal.write({
  is: 'started',
  agent,
  instance: `${agent}.${run}`,
  ...(identity !== null && { process: identity }),
  at: Date.now(),
});

const fuse = new Fuse(failpoint);
const { open, onCommitting } = (await import(workload.child)) as OpenProcess;
onCommitting?.(() => fuse.reach('committing'));
const storage = fuse.watch(await whenReachable(() => open(workload.address)));
const orchestrator = new Orchestrator({
  storage,
  newCommandId,
  newSeed,
  ...(identity !== null && { process: identity }),
});
const changes = await whenReachable(() => Changes.watch(storage));
// At its end it may have no more time for that.
flushCompileCache();
tell({ is: 'ready' });

if (role === 'follower') await follow(orchestrator, changes, settings, write);
else await new Worker({ orchestrator, changes, settings, write }).run(() => tell({ is: 'caught_up' }));

await changes.stop();
await storage.close();
write({ is: 'ended', at: Date.now() });
journal.close();
process.off('disconnect', orphaned);
process.disconnect();

/** Every call that claims brings the seed that belongs to its command id. */
function newSeed(): string {
  throw new Error('the worker gives the seeds');
}

function orphaned(): void {
  process.exit(1);
}

/** Writes a line, and dies where it is to die. */
function write(line: JournalLine): void {
  if (line.is === 'answered') fuse.reach('answered');
  journal.write(line);
  if (line.is === 'sent') {
    fuse.begin(line.command);
    fuse.reach('sent');
  }
  tell({ is: 'step' });
}

function tell(message: FromProcess): void {
  process.send?.(message);
}
