import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ownProcess, keepFresh, speaksForLiving } from '@agent-orchestrator/runtime';
import { makePrivateFolder, writePrivateFile } from '@agent-orchestrator/runtime/private-files';
import { Failure } from '../failure.ts';
import type { AgentHost, Place } from './host.ts';
import { recordsFolder } from './record.ts';

/** Where the start of a process cannot be seen, its file has to be fresh. */
const REFRESH_MS = 5_000;

/**
 * Makes one change of a host while no other command of ours changes it. Two at once would take back each other's.
 *
 * Each announces itself by a file of its own, and looks for others afterwards: of two, at least one sees the other. A
 * file of a process that has ended blocks none.
 *
 * @throws `HOST_BUSY`
 */
export async function oneAtATime<Result>(
  host: AgentHost,
  place: Place,
  change: () => Promise<Result>,
): Promise<Result> {
  const folder = recordsFolder(place);
  const { pid, start } = ownProcess() ?? { pid: process.pid, start: '' };
  const own = `${host.name}.${pid}-${start}.lock`;
  announce(folder, own, host);
  const fresh = setInterval(() => keepFresh(join(folder, own)), REFRESH_MS).unref();
  try {
    const other = othersAtWork(folder, host, own)[0];
    if (other !== undefined) throw busy(host, `The process ${other}`);
    return await change();
  } finally {
    clearInterval(fresh);
    rmSync(join(folder, own), { force: true });
  }
}

function announce(folder: string, own: string, host: AgentHost): void {
  try {
    makePrivateFolder(folder);
    writePrivateFile(join(folder, own), '');
  } catch (error) {
    if (existsSync(join(folder, own))) throw busy(host, 'Another call of this process');
    throw new Failure('HOST_CONFIG_UNUSABLE', `${folder} cannot be written: ${(error as Error).message}.`, {
      hint: 'Correct that; then try again.',
      cause: error,
    });
  }
}

/** The processes that change the host now. What those left that have ended is removed. */
function othersAtWork(folder: string, { name }: AgentHost, own: string): number[] {
  return readdirSync(folder).flatMap((file) => {
    const [, host, pid, start = ''] = /^(.+)\.(\d+)-(\d*)\.lock$/u.exec(file) ?? [];
    if (host !== name || file === own) return [];
    if (speaksForLiving(join(folder, file), { pid: Number(pid), start })) return [Number(pid)];
    rmSync(join(folder, file), { force: true });
    return [];
  });
}

function busy({ title }: AgentHost, who: string): Failure {
  return new Failure('HOST_BUSY', `${who} changes ${title} at this moment. Nothing was changed.`, {
    hint: 'Wait until it has ended; then try again.',
  });
}
