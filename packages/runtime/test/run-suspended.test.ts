/*
 * A run that is asked to stop (Ctrl-Z), at the moments that a shell does not choose:
 *  - while the command is being started: the command works already, and stops before this process does
 *  - it is continued at once: it does not stop
 */
import { createMemoryData, openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Orchestrator, runUnderLease, systemTime, type RunResult } from '../src/index.ts';
import { CommandProcess } from '../src/processes/command-process.ts';
import { readProcessStatus } from '../src/processes/process-table.ts';
import { newCommandId } from '../src/system/command-id.ts';
import { newSeed } from '../src/system/seed.ts';
import { until } from './support/processes.ts';

afterEach(() => void vi.restoreAllMocks());

describe.skipIf(process.platform !== 'linux')('a run that is asked to stop', () => {
  test('while the command is being started: the command stops, then this process', async () => {
    const stops = hearStops();
    const started = onStart(() => process.emit('SIGTSTP', 'SIGTSTP'));
    const result = run(['sleep', '100']);
    const command = await started;

    await until(() => stops.length > 0);
    await until(() => isStopped(command.pid));
    process.emit('SIGCONT', 'SIGCONT');
    await until(() => !isStopped(command.pid));
    command.signal('SIGKILL');

    expect(await result).toMatchObject({ reason: 'ended', signal: 'SIGKILL' });
    expect(stops).toEqual(['SIGSTOP']);
  });

  test('it is continued at once: it does not stop', async () => {
    const stops = hearStops();
    const started = onStart(() => {});
    const result = run(['sleep', '100']);
    const command = await started;

    process.emit('SIGTSTP', 'SIGTSTP');
    process.emit('SIGCONT', 'SIGCONT');
    await new Promise((resolve) => setTimeout(resolve, 50));
    const isStill = isStopped(command.pid);
    command.signal('SIGKILL');

    expect(await result).toMatchObject({ reason: 'ended', signal: 'SIGKILL' });
    expect([stops, isStill]).toEqual([[], false]);
  });
});

/** What would stop this process. */
function hearStops(): string[] {
  const stops: string[] = [];
  const kill = process.kill.bind(process);
  vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    if (pid !== process.pid || signal !== 'SIGSTOP') return kill(pid, signal);
    stops.push(signal);
    return true;
  });
  return stops;
}

/** Calls it when the command works, and the run does not have it yet. */
function onStart(act: () => void): Promise<CommandProcess> {
  const start = CommandProcess.start.bind(CommandProcess);
  return new Promise((resolve) => {
    vi.spyOn(CommandProcess, 'start').mockImplementation(async (...words) => {
      const command = await start(...words);
      act();
      resolve(command);
      return command;
    });
  });
}

function isStopped(pid: number): boolean {
  return readProcessStatus(pid, 'State')?.includes('T') ?? false;
}

async function run(command: readonly string[]): Promise<RunResult> {
  const storage = openMemoryStorage({ data: createMemoryData() });
  await storage.migrate();
  const orchestrator = new Orchestrator({ storage, newCommandId, newSeed });
  await orchestrator.enqueueTask({});
  const since = systemTime.read();
  const claim = await orchestrator.claimTask({ agent: 'a' });
  if (!claim.ok) throw new Error('not claimed');
  return await runUnderLease({
    orchestrator,
    claim,
    since,
    namespace: 'default',
    command,
    store: { address: 'memory:', secret: null },
    files: { payload: null, context: null, answer: null },
    onLost: 'term',
    onNews: () => {},
  });
}
