import { Failure } from '../failure.ts';
import { askHost } from './ask-host.ts';
import { parseConfig, sameExcept } from './config-document.ts';
import type { AgentHost, ConfigFile, Place, Scope } from './host.ts';
import { removeRecord, type InstallRecord } from './record.ts';
import { digestNow, digestOf, restoreSnapshot, takeSnapshot, type Snapshot } from './snapshot.ts';
import { hasOurs, pluginRemoval } from './uninstall.ts';

/** Of the plan of the installation. */
interface FailedInstall {
  readonly host: AgentHost;
  readonly scope: Scope;
  readonly program: string;
  readonly files: readonly ConfigFile[];
  readonly found: string;
}

/**
 * Takes back what a failed installation has done so far. The host may have taken long to fail, and its other sessions
 * write the same files: one gets its bytes back only if nothing but our entry has changed in it.
 *
 * @returns what has become of the files, in sentences
 */
export async function undoFailed(plan: FailedInstall, record: InstallRecord, place: Place): Promise<string> {
  const { host, scope, program } = plan;
  const isPlugin = record.server === null;
  if (isPlugin) for (const words of pluginRemoval(host, record, place)) await askHost(program, words, place);
  const keys = isPlugin ? [] : host.server.keys(scope, place);
  const changed: string[] = [];
  for (const [index, { before }] of record.files.entries())
    if (!(await restoredIfOurs(plan.files[index]!, before, keys))) changed.push(before.path);
  if (!isPlugin && (await hasOurs(host, scope, place))) await askHost(program, host.server.remove(scope), place);
  const before = plan.found === 'other' ? 'What was installed before was taken back. ' : '';
  const others = `What else changed meanwhile in ${changed.join(', ')} stays.`;
  if (await hasOurs(host, scope, place)) return `${before}Its entry of ours is still there. ${others}`;
  removeRecord(record, place);
  if (changed.length > 0) return `${before}Our entry is not there any more. ${others}`;
  return before === '' ? 'Its files are as before.' : before.trim();
}

/** Restores a file unless there is more to lose than what is ours. @returns whether it is as before */
async function restoredIfOurs(file: ConfigFile, before: Snapshot, keys: readonly string[]): Promise<boolean> {
  const now = takeSnapshot(file.path, true);
  if (digestOf(now) === digestOf(before)) return true;
  try {
    if (!sameExcept(keys, await parseConfig(file, now), await parseConfig(file, before))) return false;
  } catch (error) {
    // The host has left a file that it cannot read itself.
    if (!(error instanceof Failure)) throw error;
  }
  if (digestNow(file.path) !== digestOf(now)) return false;
  restoreSnapshot(before);
  return true;
}
