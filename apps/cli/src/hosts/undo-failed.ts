import { askHost } from './ask-host.ts';
import type { AgentHost, ConfigFile, Place, Scope } from './host.ts';
import { pluginOwner } from './plugin-owner.ts';
import { removeRecord, type InstallRecord } from './record.ts';
import { keysOfOurs, restoredIfOurs } from './restored-if-ours.ts';
import { filesWithOurs, hasAnotherScope, removePlugin } from './uninstall.ts';

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
  const before = plan.found === 'other' ? 'What was installed before was taken back. ' : '';
  const owner = isPlugin ? await pluginOwner(host, program, place) : 'none';
  if (typeof owner !== 'string')
    return `${before}It does not tell whose plugin it has now, so nothing was taken back: do so by \`mcp uninstall\`.`;
  if (owner === 'another') {
    removeRecord(record, place);
    return `${before}A plugin from elsewhere with our name is there now: it stays.`;
  }
  const isGone = !isPlugin || (await removePlugin(host, record, program, place)) || hasAnotherScope(record, place);
  const changed: string[] = [];
  for (const [index, { before }] of record.files.entries())
    if (!(await restoredIfOurs(plan.files[index]!, before, keysOfOurs(host, record, place)))) changed.push(before.path);
  const left = async () => filesWithOurs(host, scope, record, place);
  if (!isPlugin && (await left()).length > 0) await askHost(program, host.server.remove(scope), place);
  const others = `What else changed meanwhile in ${changed.join(', ')} stays.`;
  const still = isGone ? await left() : record.files.map(({ before: { path } }) => path);
  // The record stays: with it, the same can be tried again when the host works.
  if (still.length > 0)
    return `${before}What is ours in ${still.join(', ')} is still there: take it back by \`mcp uninstall\`.`;
  removeRecord(record, place);
  if (changed.length > 0) return `${before}Our entry is not there any more. ${others}`;
  return before === '' ? 'Its files are as before.' : before.trim();
}
