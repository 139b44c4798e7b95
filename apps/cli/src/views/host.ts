import { lineOf } from '../hosts/ask-host.ts';
import type { Failure } from '../failure.ts';
import type { AgentHost, Scope, Verdict } from '../hosts/host.ts';
import type { InstallPlan } from '../hosts/install.ts';
import type { UninstallPlan } from '../hosts/uninstall.ts';
import type { Paint } from '../output/style.ts';

const FOR: Readonly<Record<Scope, string>> = {
  user: 'for this user',
  project: 'for all users of this folder',
  local: 'for this user in this folder',
};

/** What an installation will do. */
export function installPlanLines(plan: InstallPlan, paint: Paint): string[] {
  const { host, scope, program, commands, files, found } = plan;
  const what = plan.server === null ? 'the plugin' : 'the tools';
  const note = plan.server === null ? null : (host.server.note ?? null);
  return [
    `${paint('bold', host.title)} (${program}): ${what}, ${FOR[scope]}`,
    ...(found === 'other' ? ['  replaces  what was installed before'] : []),
    ...commands.map((words) => `  ${paint('dim', 'runs    ')}  ${lineOf(host.executable, words)}`),
    ...files.map(({ path }) => `  ${paint('dim', 'changes ')}  ${path}`),
    ...(note === null ? [] : [`  ${paint('dim', 'note    ')}  ${note}`]),
  ];
}

export function uninstallPlanLines(plan: UninstallPlan, paint: Paint): string[] {
  const { host, how, commands, files, owner } = plan;
  if (owner === 'another')
    return [paint('bold', host.title), '  a plugin from elsewhere stays: it has the place of ours'];
  const restores = `${paint('dim', 'restores')}  `;
  const changed = 'changed since the installation: only what is ours is removed';
  return [
    paint('bold', host.title),
    ...commands.map((words) => `  ${paint('dim', 'runs    ')}  ${lineOf(host.executable, words)}`),
    ...files.map((path) => (how === 'restore' ? `  ${restores}${path}` : `  ${paint('dim', 'changes ')}  ${path}`)),
    ...(how === 'remove' && plan.record !== null ? [`  ${changed}`] : []),
  ];
}

/** How an installation went. */
export function installedLine(
  { host: { title }, server, found }: InstallPlan,
  { verified, said }: Verdict,
  paint: Paint,
): string {
  const what = `${title}${server === null ? ', the plugin' : ''}`;
  if (!verified) return `${paint('yellow', '!')} ${what}: set up, but it does not work yet: ${said}`;
  return `${paint('green', '✓')} ${what}: ${found === 'same' ? 'installed already' : 'installed'}; ${said}`;
}

/** Why a host was left as it is. */
export function failedLine({ title }: AgentHost, { message, code, hint }: Failure, paint: Paint): string[] {
  return [`${paint('red', '✗')} ${title}: ${message} [${code}]`, ...(hint === undefined ? [] : [`  ${hint}`])];
}

/** What only the person can do. */
export function grantLines({ title }: AgentHost, grants: readonly string[]): string[] {
  return grants.length === 0 ? [] : [`only you can grant, in ${title}:`, ...grants.map((grant) => `  - ${grant}`)];
}

/** What an installation was taken back by, as the outcome of the command. */
export const OUTCOMES = { restore: 'restored', remove: 'removed', nothing: 'absent' } as const;

const UNDONE: Readonly<Record<string, string>> = {
  absent: 'nothing of ours is installed there',
  restored: 'restored: its files are what they were before, byte for byte',
  removed: 'removed: only what is ours, because its files have changed since',
  declined: 'left as it is, as you said',
};

export function undoneLine({ title }: AgentHost, outcome: string): string {
  return `${title}: ${UNDONE[outcome] ?? outcome}`;
}
