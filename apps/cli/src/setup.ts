import { locateStore, openStorage, type Examination } from '@agent-orchestrator/runtime';
import type { Call } from './call.ts';
import { examine } from './examine.ts';
import { Failure, usage } from './failure.ts';
import {
  applyInstall,
  applyUninstall,
  findHost,
  HOSTS,
  placeHere,
  grantsOf,
  planInstall,
  planUninstall,
  readRecords,
  type InstallPlan,
} from './hosts/installation.ts';
import type { AgentHost, Place } from './hosts/host.ts';
import { agentNamed, agentOfFlag } from './input/agent-flag.ts';
import { agrees, answered, requirePerson } from './input/consent.ts';
import { tellWait } from './output/tell-wait.ts';
import type { Answer } from './output/output.ts';
import type { Paint } from './output/style.ts';
import { examinationLines } from './views/doctor.ts';
import {
  failedLine,
  grantLines,
  installedLine,
  installPlanLines,
  OUTCOMES,
  undoneLine,
  uninstallPlanLines,
} from './views/host.ts';

export interface SetupOptions {
  readonly yes?: true;
  readonly dryRun?: true;
  readonly plugin?: true;
  readonly undo?: true;
}

/** What became of one host. */
interface HostResult {
  readonly host: AgentHost;
  readonly outcome: 'planned' | 'installed' | 'unchanged' | 'declined' | 'failed';
  readonly verified: boolean | null;
  readonly said: string | null;
  readonly code: string | null;
  readonly grants: readonly string[];
  readonly lines: (paint: Paint) => readonly string[];
}

/** Sets up each host of this machine to which the person agrees. One that fails does not stop the others. */
export async function setUp(call: Call<SetupOptions>): Promise<Answer> {
  const { dryRun = false, yes = false } = call.options;
  const place = placeHere(call.output.canAsk);
  const hosts = Object.values(HOSTS).filter((host) => findHost(host, place) !== null);
  if (hosts.length === 0) throw noHost();
  if (!dryRun && !yes) requirePerson(call.output);
  const { url } = (await locateStore(call.settings.store.value)).location;
  if (!dryRun) await makeStore(call.settings.store.value);
  const results: HostResult[] = [];
  for (const host of hosts) results.push(await setUpHost(call, host, place));
  const examination = dryRun ? null : await examine(call.settings.store.value, {});
  return answerOf(url, results, examination);
}

function noHost(): Failure {
  const names = Object.values(HOSTS).map(({ title, executable }) => `${title} (${executable})`);
  return new Failure('HOST_NOT_FOUND', `No agent host was found on this machine: ${names.join(', ')}.`, {
    hint: 'Install one, or add its folder to the PATH. Without a host, begin with `orchestrator task create`.',
  });
}

async function makeStore(address: string): Promise<void> {
  const storage = await openStorage(address);
  try {
    await storage.migrate();
  } finally {
    await storage.close();
  }
}

async function setUpHost(call: Call<SetupOptions>, host: AgentHost, place: Place): Promise<HostResult> {
  const { plugin = false, dryRun = false, yes = false } = call.options;
  const [scope] = (plugin ? host.plugin : host).scopes;
  if (scope === undefined) throw new Error(`${host.name} has no scope`);
  const nothing = { host, verified: null, said: null, code: null, grants: [] };
  try {
    const agent = agentOfFlag(call) ?? (yes || dryRun || plugin ? null : await agentName(call, host));
    const plan = await planInstall({ host: host.name, scope, plugin, agent, settings: call.settings }, place);
    if (dryRun) return { ...nothing, outcome: 'planned', lines: (paint) => installPlanLines(plan, paint) };
    if (plan.found !== 'same' && !yes && !(await consent(call, plan)))
      return { ...nothing, outcome: 'declined', lines: () => [`· ${host.title}: not set up, as you said`] };
    tellWait(call.output, host);
    const verdict = await applyInstall(plan, place);
    const grants = await grantsOf(plan, place);
    const outcome = plan.found === 'same' ? 'unchanged' : 'installed';
    return { ...nothing, ...verdict, outcome, grants, lines: (paint) => [installedLine(plan, verdict, paint)] };
  } catch (error) {
    if (!(error instanceof Failure) || error.code === 'INTERRUPTED') throw error;
    const { message: said, code } = error;
    return { ...nothing, outcome: 'failed', said, code, lines: (paint) => failedLine(host, error, paint) };
  }
}

const BY_PLACE = 'by host, machine and worktree';

/** null: the server makes the name. */
async function agentName(call: Call<SetupOptions>, host: AgentHost): Promise<string | null> {
  const name = await answered(call.output, `Name of the agent in ${host.title}?`, BY_PLACE);
  return name === BY_PLACE ? null : agentNamed(name);
}

async function consent(call: Call<SetupOptions>, plan: InstallPlan): Promise<boolean> {
  for (const line of installPlanLines(plan, call.output.paint)) call.output.chatter(line);
  return agrees(call.output, `Set up ${plan.host.title}?`, false);
}

function answerOf(url: string, results: readonly HostResult[], examination: Examination | null): Answer {
  const isDone = results.every(({ outcome, verified }) => outcome !== 'failed' && verified !== false);
  return {
    kind: 'setup',
    data: {
      store: url,
      hosts: results.map(({ host, lines: _lines, ...result }) => ({ host: host.name, ...result })),
      findings: examination?.findings ?? null,
    },
    ids: results.map(({ host }) => host.name),
    text: (paint) => [
      `store: ${url}`,
      ...results.flatMap(({ lines }) => lines(paint)),
      ...(examination === null ? [] : ['', ...examinationLines(examination, paint)]),
      ...results.flatMap(({ host, grants }) => grantLines(host, grants)),
    ],
    chatter:
      examination === null
        ? ['nothing was changed']
        : ['next: orchestrator task create TITLE; then ask an agent to take it', 'undo: orchestrator setup --undo'],
    exit: isDone && (examination?.ok ?? true) ? 0 : 1,
  };
}

/** Takes back every installation of this user, in every folder. */
export async function undoSetup(call: Call<SetupOptions>): Promise<Answer> {
  const { dryRun = false, yes = false } = call.options;
  if (call.options.plugin) throw usage('--undo takes back what is there, plugin or not.', 'Omit --plugin.', 'plugin');
  const place = placeHere(false);
  const results: { readonly host: string; readonly outcome: string; readonly lines: readonly string[] }[] = [];
  const { paint } = call.output;
  for (const record of readRecords(place)) {
    const there = { ...place, folder: record.folder };
    const host = HOSTS[record.host];
    try {
      const plan = await planUninstall(record.host, record.scope, there);
      const shown = uninstallPlanLines(plan, paint);
      if (!dryRun && !yes) for (const line of shown) call.output.chatter(line);
      const isAgreed = dryRun || (await agrees(call.output, `Take it back from ${host.title}?`, yes));
      const done = isAgreed && !dryRun ? await applyUninstall(plan, there) : null;
      const outcome = done === null ? (dryRun ? 'planned' : 'declined') : OUTCOMES[done.how];
      results.push({ host: host.name, outcome, lines: dryRun ? shown : [undoneLine(host, outcome)] });
    } catch (error) {
      if (!(error instanceof Failure) || ['INTERRUPTED', 'NOT_CONFIRMED'].includes(error.code)) throw error;
      results.push({ host: host.name, outcome: 'failed', lines: failedLine(host, error, paint) });
    }
  }
  const { url } = (await locateStore(call.settings.store.value)).location;
  return {
    kind: 'setup_undone',
    data: results.map(({ host, outcome }) => ({ host, outcome })),
    ids: results.map(({ host }) => host),
    text: () => (results.length === 0 ? ['nothing is set up'] : results.flatMap(({ lines }) => lines)),
    chatter: dryRun ? ['nothing was changed'] : [`the store stays: ${url}`],
    exit: results.some(({ outcome }) => outcome === 'failed') ? 1 : 0,
  };
}
