import { dirname, sep } from 'node:path';
import { locateStore } from '@agent-orchestrator/runtime';
import { Failure } from '../failure.ts';
import { askHost, lastLine, letHostAsk, lineOf } from './ask-host.ts';
import { parseConfig, serverIn } from './config-document.ts';
import { requireHost } from './find-host.ts';
import { HOSTS } from './index.ts';
import type { AgentHost, ConfigFile, HostAnswer, Place, Scope, ServerCommand, Verdict } from './host.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { requireOwner } from './plugin-owner.ts';
import { pluginFolder, writePlugins } from './plugins.ts';
import { readRecord, writeRecord, type InstallRecord } from './record.ts';
import { requireDefaults, serverCommand, startsOurServer, type ServerRequest } from './server-command.ts';
import { digestOf, takeSnapshot, type Snapshot } from './snapshot.ts';
import { undoFailed } from './undo-failed.ts';
import { planUninstall, takeBack } from './uninstall.ts';

interface InstallRequest extends ServerRequest {
  readonly plugin: boolean;
}

/** What an installation will do, before the person agrees. */
export interface InstallPlan {
  readonly request: InstallRequest;
  readonly host: AgentHost;
  readonly scope: Scope;
  /** The path of the host's program. */
  readonly program: string;
  /** null: the plugin, which has the server in it. */
  readonly server: ServerCommand | null;
  /** The commands of the host, in their order, without its program. */
  readonly commands: readonly (readonly string[])[];
  /** The files that they change. */
  readonly files: readonly ConfigFile[];
  /** `same`: it is there already; `other`: another one of ours is there, and is taken back first. */
  readonly found: 'nothing' | 'same' | 'other';
}

/**
 * Looks at a host and decides what to do. Nothing is changed.
 *
 * @throws `HOST_NOT_FOUND`, `HOST_CONFIG_INVALID`, `HOST_CONFIG_UNUSABLE`, `USAGE`; `HOST_ENTRY_FOREIGN` if a server
 *   of our name is there that is not ours
 */
export async function planInstall(request: InstallRequest, place: Place): Promise<InstallPlan> {
  const { scope, plugin } = request;
  const host = HOSTS[request.host];
  requireScope(host, scope, plugin);
  const program = requireHost(host, place);
  if (plugin) await requireDefaults(request, place);
  const server = plugin ? null : await serverCommand(request, place);
  const record = readRecord(host.name, scope, place);
  const entry = await entryOf(host, scope, place);
  if (entry !== undefined && !startsOurServer(entry)) throw foreign(host, scope, place);
  const files = plugin ? host.plugin.files(scope, place) : [host.server.file(scope, place)];
  for (const file of files) await parseConfig(file, snapshotFor(scope, file.path, place));
  const commands = server === null ? host.plugin.add(scope, pluginFolder(place)) : [host.server.add(scope, server)];
  return { request, host, scope, program, server, commands, files, found: foundBy(record, entry, server) };
}

function requireScope(host: AgentHost, scope: Scope, plugin: boolean): void {
  const scopes = plugin ? host.plugin.scopes : host.scopes;
  if (scopes.includes(scope)) return;
  throw new Failure('USAGE', `${host.title} cannot be set up for the scope ${scope}.`, {
    hint: `It knows these: ${scopes.join(', ')}.`,
    field: 'scope',
  });
}

function foundBy(record: InstallRecord | null, entry: ServerCommand | undefined, server: ServerCommand | null) {
  if (server !== null && entry !== undefined && JSON.stringify(entry) === JSON.stringify(server)) return 'same';
  if (server === null && record?.server === null) return 'same';
  return record !== null || entry !== undefined ? 'other' : 'nothing';
}

function foreign(host: AgentHost, scope: Scope, place: Place): Failure {
  const { path } = host.server.file(scope, place);
  return new Failure(
    'HOST_ENTRY_FOREIGN',
    `${path} has a server with the name orchestrator that is not of this program. Nothing was changed.`,
    { hint: `Rename it, or remove it with \`${host.executable} ${host.server.remove(scope).join(' ')}\`.` },
  );
}

function foreignPlugin({ title }: AgentHost): Failure {
  return new Failure(
    'HOST_ENTRY_FOREIGN',
    `${title} has a plugin named orchestrator from elsewhere, or its marketplace. Nothing was changed.`,
    { hint: `Omit --plugin to set up the tools alone, or remove that one in ${title} first.` },
  );
}

/** In a project, others write files: there a link could lead anywhere. */
function snapshotFor(scope: Scope, path: string, { folder }: Place): Snapshot {
  return takeSnapshot(path, scope !== 'project' || !path.startsWith(`${folder}${sep}`));
}

/** The entry with our name; null: it is no command; undefined: there is none. */
export async function entryOf(host: AgentHost, scope: Scope, place: Place): Promise<ServerCommand | null | undefined> {
  const file = host.server.file(scope, place);
  const document = await parseConfig(file, snapshotFor(scope, file.path, place));
  return serverIn(document, host.server.keys(scope, place));
}

/**
 * Installs, and asks the host whether it works. If a command of the host fails, what it did so far is taken back.
 *
 * @throws `HOST_FAILED`, also if the host does not tell whose plugin it has; `HOST_ENTRY_FOREIGN` if a plugin of our
 *   name is there that is not ours; `HOST_BUSY` if another command changes the host, or changed it after the plan was
 *   made
 */
export async function applyInstall(shown: InstallPlan, place: Place): Promise<Verdict> {
  return oneAtATime(shown.host, place, async () => {
    // While a person was asked, another command may have installed the same, or something else.
    const plan = await planInstall(shown.request, place);
    if (plan.found === 'other' && shown.found !== 'other') throw changedMeanwhile(plan.host);
    return install(plan, place);
  });
}

async function install(plan: InstallPlan, place: Place): Promise<Verdict> {
  if (plan.server === null && (await requireOwner(plan.host, plan.program, place)) === 'another')
    throw foreignPlugin(plan.host);
  if (plan.found === 'same') {
    // The hosts' copies name these files, which may be of an older version.
    if (plan.server === null) await writePlugins(place);
    return ask(plan, place);
  }
  if (plan.found === 'other') await takeBack(await planUninstall(plan.host.name, plan.scope, place), place);
  const { host, scope, server } = plan;
  const files = plan.files.map(({ path }) => ({ before: snapshotFor(scope, path, place), after: null }));
  const record: InstallRecord = { version: 1, host: host.name, scope, folder: place.folder, server, files };
  writeRecord(record, place);
  if (server === null) await writePlugins(place);
  const verdict = asksItself(plan) ? await askedByHost(plan, place) : await commanded(plan, record, place);
  // After the question: hosts write down when they were asked.
  const after = files.map(({ before }) => ({
    before,
    after: digestOf(snapshotFor(scope, before.path, place)),
  }));
  writeRecord({ ...record, files: after }, place);
  return verdict;
}

function changedMeanwhile({ title }: AgentHost): Failure {
  return new Failure('HOST_BUSY', `Another command has set up ${title} in another way. Nothing was changed.`, {
    hint: 'Run the command again to see what it would replace.',
  });
}

/** Whether only the person can agree, on the host's own terminal. */
const asksItself = ({ host, server }: InstallPlan): boolean => server === null && host.plugin.consents !== undefined;

async function askedByHost(plan: InstallPlan, place: Place): Promise<Verdict> {
  const { host, program, commands } = plan;
  if (place.terminal) {
    for (const words of commands) await letHostAsk(program, words, place);
    return ask(plan, place);
  }
  const lines = commands.map((words) => lineOf(host.executable, [...words, ...(host.plugin.consents ?? [])]));
  return { verified: false, said: `${host.title} asks you for its consents; to agree, run ${lines.join('; ')}` };
}

async function commanded(plan: InstallPlan, record: InstallRecord, place: Place): Promise<Verdict> {
  for (const words of plan.commands) {
    const answer = await askHost(plan.program, words, place);
    if (answer.exit === 0) continue;
    throw hostFailed(plan.host, words, answer, await undoFailed(plan, record, place));
  }
  return ask(plan, place);
}

async function ask({ host, server, program }: InstallPlan, place: Place): Promise<Verdict> {
  const { words, input, judge } = (server === null ? host.plugin : host.server).question;
  const answer = await askHost(program, words, place, input);
  if (answer.timedOut) return { verified: false, said: `it did not answer within ${place.deadlineMs / 1_000} s` };
  return judge(answer, server);
}

/** What only the person can grant. */
export async function grantsOf(
  { host, scope, server, request }: InstallPlan,
  place: Place,
): Promise<readonly string[]> {
  const { path } = (await locateStore(request.settings.store.value)).location;
  const { grants } = server === null ? host.plugin : host.server;
  return grants(scope, place, path === undefined ? null : dirname(path));
}

/** A command of a host that did not do what it was asked. @param left what has become of the files */
function hostFailed(host: AgentHost, words: readonly string[], answer: HostAnswer, left: string): Failure {
  const what = `${host.executable} ${words.slice(0, 3).join(' ')}`;
  const why = answer.timedOut ? 'it did not end in time and was ended' : `exit ${answer.exit}: ${lastLine(answer)}`;
  return new Failure('HOST_FAILED', `${host.title} refused \`${what}\` (${why}). ${left}`, {
    hint: 'Run that command yourself to see all that it says.',
  });
}
