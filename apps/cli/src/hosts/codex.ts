import { join } from 'node:path';
import { counted } from '@agent-orchestrator/runtime';
import { jsonIn, lastLine } from './ask-host.ts';
import {
  SERVER_NAME,
  type AgentHost,
  type HostAnswer,
  type HostInput,
  type Place,
  type ServerCommand,
  type Verdict,
} from './host.ts';
import { sourceInList } from './plugin-source.ts';
import { sandboxGrant } from './sandbox-grant.ts';

const configFile = ({ env, home }: Place) =>
  ({ path: join(env['CODEX_HOME'] || join(home, '.codex'), 'config.toml'), format: 'toml' }) as const;

const ID = `${SERVER_NAME}@${SERVER_NAME}`;

const LIST_HOOKS: HostInput = {
  lines: ({ folder }) => [
    JSON.stringify({ id: 1, method: 'initialize', params: { clientInfo: { name: SERVER_NAME, version: '1' } } }),
    JSON.stringify({ method: 'initialized' }),
    JSON.stringify({ id: 2, method: 'hooks/list', params: { cwds: [folder] } }),
  ],
  until: /^\{"id":2,.*\}$/mu,
};

function sandbox(place: Place, store: string | null): string {
  const [key, value, or] =
    store === null
      ? ['network_access', 'true', '']
      : ['writable_roots', JSON.stringify([store]), ' Or keep the store in the workspace.'];
  const grant = `${key} = ${value} stands below [sandbox_workspace_write] in ${configFile(place).path}.${or}`;
  return sandboxGrant('Codex', 'In the sandbox workspace-write', grant);
}

export const codex: AgentHost = {
  name: 'codex',
  title: 'Codex',
  executable: 'codex',
  // Its command line writes the configuration of the user alone.
  scopes: ['user'],
  server: {
    file: (_scope, place) => configFile(place),
    keys: () => ['mcp_servers', SERVER_NAME],
    add: (_scope, { command, args }) => ['mcp', 'add', SERVER_NAME, '--', command, ...args],
    remove: () => ['mcp', 'remove', SERVER_NAME],
    question: { words: ['mcp', 'get', SERVER_NAME, '--json'], judge: judgeEntry },
    grants: (_scope, place, store) => [
      'Codex asks before it calls a tool, as its approval policy says. Answer there.',
      sandbox(place, store),
    ],
  },
  plugin: {
    scopes: ['user'],
    files: (_scope, place) => [configFile(place)],
    keys: [
      ['plugins', ID],
      ['marketplaces', SERVER_NAME],
    ],
    add: (_scope, folder) => [
      ['plugin', 'marketplace', 'add', folder],
      ['plugin', 'add', ID],
    ],
    remove: () => [['plugin', 'remove', ID]],
    removeShared: [['plugin', 'marketplace', 'remove', SERVER_NAME]],
    source: {
      words: ['plugin', 'marketplace', 'list', '--json'],
      sourceIn: (answer) => sourceInList(answer, ['marketplaces'], ['root']),
    },
    question: { words: ['app-server'], input: LIST_HOOKS, judge: judgeHooks },
    grants: (_scope, place, store) => [
      'Trust the hooks: open /hooks in Codex. It skips hooks that are not trusted, and does not say so.',
      sandbox(place, store),
    ],
  },
};

/** Hooks that are not trusted are skipped, and Codex says so nowhere else. */
function judgeHooks(answer: HostAnswer): Verdict {
  const hooks = hooksIn(answer).filter(({ pluginId, enabled }) => pluginId === ID && enabled);
  const trusted = hooks.filter(({ trustStatus }) => trustStatus === 'trusted');
  if (hooks.length === 0) return { verified: false, said: 'Codex does not list the hooks of the plugin' };
  const verified = trusted.length === hooks.length;
  const said = `Codex trusts ${trusted.length} of ${counted(hooks.length, 'hook')}`;
  return { verified, said: verified ? said : `${said}: open /hooks in Codex, and look at them` };
}

interface ListedHook {
  readonly pluginId?: string;
  readonly enabled?: boolean;
  readonly trustStatus?: string;
}

function hooksIn({ stdout }: HostAnswer): readonly ListedHook[] {
  const line = stdout.split('\n').find((one) => LIST_HOOKS.until.test(one));
  try {
    const { result } = JSON.parse(line ?? '') as { result?: { data?: readonly { hooks?: readonly ListedHook[] }[] } };
    return result?.data?.flatMap(({ hooks = [] }) => hooks) ?? [];
  } catch {
    return [];
  }
}

/** Codex shows the entry, and does not start the server. */
function judgeEntry(answer: HostAnswer, server: ServerCommand | null): Verdict {
  const shown = jsonIn(answer) as {
    enabled?: boolean;
    transport?: { command?: string; args?: string[] };
  } | null;
  if (shown === null) return { verified: false, said: lastLine(answer) };
  const { enabled = true, transport } = shown;
  const same = transport?.command === server?.command && String(transport?.args) === String(server?.args);
  if (!same) return { verified: false, said: 'Codex shows another command' };
  return { verified: enabled, said: enabled ? 'Codex shows the entry, enabled' : 'Codex shows the entry, disabled' };
}
