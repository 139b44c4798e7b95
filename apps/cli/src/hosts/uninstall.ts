import { rmSync } from 'node:fs';
import { Failure } from '../failure.ts';
import { askHost } from './ask-host.ts';
import { parseConfig, serverIn, valueIn } from './config-document.ts';
import { findHost } from './find-host.ts';
import { HOSTS } from './index.ts';
import type { AgentHost, HostName, Place, Scope } from './host.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { pluginOwner } from './plugin-owner.ts';
import { pluginOf } from './plugins.ts';
import { readRecord, relatedRecords, removeRecord, type InstallRecord } from './record.ts';
import { keysOfOurs, losesNothing } from './restored-if-ours.ts';
import { SharedFiles } from './shared-files.ts';
import { startsOurServer } from './server-command.ts';
import { digestNow, restoreSnapshot, takeSnapshot } from './snapshot.ts';

/**
 * - `restore`: the files get the bytes that they had before
 * - `remove`: they were changed since, so the host takes out what is ours
 * - `nothing`: nothing of ours is there
 */
type Undoing = 'restore' | 'remove' | 'nothing';

export interface UninstallPlan {
  readonly host: AgentHost;
  readonly scope: Scope;
  readonly how: Undoing;
  readonly record: InstallRecord | null;
  /** The commands of the host, in their order, without its program. */
  readonly commands: readonly (readonly string[])[];
  /** The files that are restored, or that the host changes. */
  readonly files: readonly string[];
}

/** Looks at what was installed, and decides how to take it back. Nothing is changed. */
export async function planUninstall(name: HostName, scope: Scope, place: Place): Promise<UninstallPlan> {
  const host = HOSTS[name];
  const record = readRecord(name, scope, place);
  const entry = [host.server.remove(scope)];
  const file = host.server.file(scope, place).path;
  if (record === null) {
    const how = (await hasOurs(host, scope, place)) ? 'remove' : 'nothing';
    return { host, scope, how, record, commands: how === 'remove' ? entry : [], files: [file] };
  }
  const files = record.files.map(({ before }) => before.path);
  const isPlugin = record.server === null;
  const unchanged = record.files.every(({ before, after }) => after === digestNow(before.path));
  const how = unchanged || (await loseNothing(host, record, place)) ? 'restore' : 'remove';
  // A host also keeps a copy of a plugin, which it removes itself.
  if (isPlugin) return { host, scope, how, record, commands: pluginRemoval(host, record, place), files };
  // What the person has put in the place of our entry stays.
  const isThere = how === 'remove' && (await hasOurs(host, scope, place));
  return { host, scope, how, record, commands: isThere ? entry : [], files };
}

/** Whether the files may get back their bytes although they are not as the installation left them. */
async function loseNothing(host: AgentHost, record: InstallRecord, place: Place): Promise<boolean> {
  const keys = keysOfOurs(host, record, place);
  for (const file of filesOf(host, record, place)) {
    const recorded = record.files.find(({ before }) => before.path === file.path);
    if (recorded === undefined || !(await losesNothing(file, recorded.before, keys))) return false;
  }
  return true;
}

function filesOf({ plugin, server }: AgentHost, record: InstallRecord, place: Place) {
  const { scope } = record;
  return record.server === null ? plugin.files(scope, place) : [server.file(scope, place)];
}

/** What removes a plugin from one scope; and from the host, if it is the last scope that has it. */
export function pluginRemoval({ plugin }: AgentHost, record: InstallRecord, place: Place) {
  return [...plugin.remove(record.scope), ...(isLastPlugin(relatedRecords(record, place)) ? plugin.removeShared : [])];
}

function isLastPlugin(related: readonly InstallRecord[]): boolean {
  return related.every(({ server }) => server !== null);
}

/**
 * Takes back an installation, as a fresh look decides: while a person was asked, the host may have written.
 *
 * @returns how it was done
 * @throws `HOST_FAILED` if something of ours is still there; `HOST_NOT_FOUND` if only the host could remove it;
 *   `HOST_BUSY` if another command changes the host
 */
export async function applyUninstall({ host, scope }: UninstallPlan, place: Place): Promise<UninstallPlan> {
  return oneAtATime(host, place, async () => takeBack(await planUninstall(host.name, scope, place), place));
}

/** As `applyUninstall`, for a plan that was just made by who changes the host alone. */
export async function takeBack(plan: UninstallPlan, place: Place): Promise<UninstallPlan> {
  const { host, scope, how, record, commands } = plan;
  if (how === 'nothing') return plan;
  const there = { ...place, folder: record?.folder ?? place.folder };
  const program = findHost(host, place);
  const related = record === null ? [] : relatedRecords(record, place);
  const shared = record === null ? null : new SharedFiles(record, related, place);
  const isPlugin = record?.server === null;
  const isLast = isPlugin && isLastPlugin(related);
  const done = (by: Undoing): UninstallPlan => {
    shared?.handOver();
    if (isLast) rmSync(pluginOf(host.name, place), { recursive: true, force: true });
    if (record !== null) removeRecord(record, place);
    return { ...plan, how: by };
  };
  const owner = async () => (isPlugin && program !== null ? pluginOwner(host, program, there) : 'none');
  // The person has put another plugin in the place of ours: what the host has under its name is of that one.
  if ((await owner()) === 'another') return done('remove');
  const exits: (number | null)[] = [];
  for (const words of commands) {
    if (program !== null) exits.push((await askHost(program, words, there)).exit);
    else if (how === 'remove') throw gone(host, plan.files);
  }
  const left = plan.files.map(digestNow);
  // Of a plugin that another scope has as well, only the host knows whether this one has it.
  const isRefused = isPlugin && !isLast && exits.some((exit) => exit !== 0);
  // A host may refuse to remove what the person has removed already: it is asked what is there.
  if (isRefused || (isLast && (await owner()) === 'ours')) throw stillThere(host, plan.files);
  // Another session of the host may have written while it was asked.
  const isLeft = plan.files.every((path, index) => digestNow(path) === left[index]);
  const restores = isLeft && (how === 'restore' || (record !== null && (await loseNothing(host, record, there))));
  if (restores) for (const { before } of record?.files ?? []) restoreSnapshot(before);
  else if ((await filesWithOurs(host, scope, record, there)).length > 0) throw stillThere(host, plan.files);
  return done(restores ? 'restore' : 'remove');
}

/** Whether the configuration starts a server of ours. */
async function hasOurs(host: AgentHost, scope: Scope, place: Place): Promise<boolean> {
  const file = host.server.file(scope, place);
  const document = await parseConfig(file, takeSnapshot(file.path, true));
  return startsOurServer(serverIn(document, host.server.keys(scope, place)));
}

/**
 * The files that still have an installation: its entry, or a key that says so of the plugin, and that was not there
 * before. While another scope has the plugin as well, what they share may stay.
 */
export async function filesWithOurs(
  host: AgentHost,
  scope: Scope,
  record: InstallRecord | null,
  place: Place,
): Promise<string[]> {
  if (record === null || record.server !== null)
    return (await hasOurs(host, scope, place)) ? [host.server.file(scope, place).path] : [];
  if (!isLastPlugin(relatedRecords(record, place))) return [];
  const left: string[] = [];
  for (const file of filesOf(host, record, place)) {
    const before = record.files.find((one) => one.before.path === file.path)?.before;
    const found = before === undefined ? {} : await parseConfig(file, before);
    const now = await parseConfig(file, takeSnapshot(file.path, true));
    if (host.plugin.keys.some((keys) => isOn(now, keys) && !isOn(found, keys))) left.push(file.path);
  }
  return left;
}

/** A host may leave a plugin that it has removed switched off. */
function isOn(document: unknown, keys: readonly string[]): boolean {
  const value = valueIn(document, keys);
  return value !== undefined && value !== false;
}

function gone(host: AgentHost, files: readonly string[]): Failure {
  return new Failure(
    'HOST_NOT_FOUND',
    `${files.join(', ')} changed since the installation, and ${host.title} is not there to remove what is ours.`,
    { hint: 'Remove the server orchestrator from the file, or put the host back on the PATH.' },
  );
}

function stillThere(host: AgentHost, files: readonly string[]): Failure {
  return new Failure('HOST_FAILED', `${host.title} still has what was installed: see ${files.join(', ')}.`, {
    hint: 'Remove it there; then try again.',
  });
}
