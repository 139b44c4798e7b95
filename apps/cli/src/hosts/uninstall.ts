import { rmSync } from 'node:fs';
import { Failure } from '../failure.ts';
import { askHost } from './ask-host.ts';
import { parseConfig, serverIn, valueIn } from './config-document.ts';
import { findHost } from './find-host.ts';
import { HOSTS } from './index.ts';
import type { AgentHost, HostName, Place, Scope } from './host.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { pluginOwner, removeBrokenCopy, requireOwner, type PluginOwner } from './plugin-owner.ts';
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
  /** Whose plugin is there in the place of the one that was installed; `none` too for a server. */
  readonly owner: PluginOwner;
}

/**
 * Looks at what was installed, and decides how to take it back. Nothing is changed.
 *
 * @throws `HOST_FAILED` if the host does not tell whose plugin it has
 */
export async function planUninstall(name: HostName, scope: Scope, place: Place): Promise<UninstallPlan> {
  const host = HOSTS[name];
  const record = readRecord(name, scope, place);
  const entry = [host.server.remove(scope)];
  const file = host.server.file(scope, place).path;
  if (record === null) {
    const how = (await hasOurs(host, scope, place)) ? 'remove' : 'nothing';
    return { host, scope, how, record, commands: how === 'remove' ? entry : [], files: [file], owner: 'none' };
  }
  const files = record.files.map(({ before }) => before.path);
  const isPlugin = record.server === null;
  const owner = isPlugin ? await ownerHere(host, record, place) : 'none';
  // The person has put another plugin in the place of ours: what the host has under its name is of that one.
  if (owner === 'another') return { host, scope, how: 'remove', record, commands: [], files: [], owner };
  const unchanged = record.files.every(({ before, after }) => after === digestNow(before.path));
  const how = unchanged || (await loseNothing(host, record, place)) ? 'restore' : 'remove';
  // A host also keeps a copy of a plugin, which it removes itself.
  if (isPlugin) return { host, scope, how, record, commands: pluginRemoval(host, record, place), files, owner };
  // What the person has put in the place of our entry stays.
  const isThere = how === 'remove' && (await hasOurs(host, scope, place));
  return { host, scope, how, record, commands: isThere ? entry : [], files, owner };
}

/** Without its program, a host tells nothing, and changes nothing either. */
async function ownerHere(host: AgentHost, { folder }: InstallRecord, place: Place): Promise<PluginOwner> {
  const program = findHost(host, place);
  return program === null ? 'none' : requireOwner(host, program, { ...place, folder });
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
function pluginRemoval({ plugin }: AgentHost, record: InstallRecord, place: Place) {
  return [...plugin.remove(record.scope), ...(hasAnotherScope(record, place) ? [] : plugin.removeShared)];
}

/** Whether another scope has the plugin as well. */
export function hasAnotherScope(record: InstallRecord, place: Place): boolean {
  return relatedRecords(record, place).some(({ server }) => server === null);
}

/** Lets the host remove a plugin of ours. @returns whether it is gone, as the host itself tells; silence is no yes */
export async function removePlugin(
  host: AgentHost,
  record: InstallRecord,
  program: string,
  place: Place,
): Promise<boolean> {
  const exits: (number | null)[] = [];
  for (const words of pluginRemoval(host, record, place)) exits.push((await askHost(program, words, place)).exit);
  // Of a plugin that another scope has as well, only the host knows whether this one has it.
  if (hasAnotherScope(record, place)) return exits.every((exit) => exit === 0);
  // A host may refuse to remove what the person has removed already: it is asked what is there.
  const owner = await pluginOwner(host, program, place);
  if (owner === 'none') removeBrokenCopy(host, place);
  return owner === 'none' || owner === 'another';
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
  const shared = record === null ? null : new SharedFiles(record, relatedRecords(record, place), place);
  const isLast = record?.server === null && !hasAnotherScope(record, place);
  const done = (by: Undoing): UninstallPlan => {
    shared?.handOver();
    if (isLast) rmSync(pluginOf(host.name, place), { recursive: true, force: true });
    if (record !== null) removeRecord(record, place);
    return { ...plan, how: by };
  };
  if (plan.owner === 'another') return done('remove');
  if (program === null && how === 'remove' && commands.length > 0) throw gone(host, plan.files);
  if (program !== null && record?.server === null) {
    if (!(await removePlugin(host, record, program, there))) throw stillThere(host, plan.files);
  } else if (program !== null) for (const words of commands) await askHost(program, words, there);
  const left = plan.files.map(digestNow);
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
  if (hasAnotherScope(record, place)) return [];
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
