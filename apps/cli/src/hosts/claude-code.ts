import { join } from 'node:path';
import { lastLine } from './ask-host.ts';
import { SERVER_NAME, type AgentHost, type Place } from './host.ts';
import { sourceInList } from './plugin-source.ts';
import { sandboxGrant } from './sandbox-grant.ts';

/** Of this user, wherever it works. Claude Code writes it all the time. */
const stateFile = ({ env, home }: Place): string => join(env['CLAUDE_CONFIG_DIR'] || home, '.claude.json');
const folderOf = ({ env, home }: Place): string => env['CLAUDE_CONFIG_DIR'] || join(home, '.claude');

const settingsIn = (folder: string) => ({ path: join(folder, 'settings.json'), format: 'json' }) as const;

function sandbox(place: Place, store: string | null): string {
  const [key, value, or] =
    store === null
      ? ['excludedCommands', '"orchestrator *"', '']
      : ['filesystem.allowWrite', JSON.stringify(store), ' Or keep the store in the workspace.'];
  const grant = `sandbox.${key} in ${settingsIn(folderOf(place)).path} has ${value}.${or}`;
  return sandboxGrant('Claude Code', 'In the sandbox, which is off by default', grant);
}

const ID = `${SERVER_NAME}@${SERVER_NAME}`;

export const claudeCode: AgentHost = {
  name: 'claude-code',
  title: 'Claude Code',
  executable: 'claude',
  scopes: ['user', 'local', 'project'],
  server: {
    file: (scope, place) => ({
      path: scope === 'project' ? join(place.folder, '.mcp.json') : stateFile(place),
      format: 'json',
    }),
    keys: (scope, { folder }) => [...(scope === 'local' ? ['projects', folder] : []), 'mcpServers', SERVER_NAME],
    add: (scope, { command, args }) => ['mcp', 'add', '--scope', scope, SERVER_NAME, '--', command, ...args],
    remove: (scope) => ['mcp', 'remove', '--scope', scope, SERVER_NAME],
    question: {
      words: ['mcp', 'get', SERVER_NAME],
      judge: (answer) => {
        const [, status = lastLine(answer)] = /Status:\s*(.*)/u.exec(answer.stdout) ?? [];
        return { verified: answer.exit === 0 && /\bConnected\b/u.test(status), said: status.trim() };
      },
    },
    grants: (scope, place, store) => [
      ...(scope === 'project' ? ['Approve the server: Claude Code asks at its next start in this folder.'] : []),
      'Claude Code asks before it first calls each tool. Answer there, or allow mcp__orchestrator__* in its settings.',
      sandbox(place, store),
    ],
  },
  plugin: {
    scopes: ['user', 'project'],
    // Those of the user name the marketplace for every scope.
    files: (scope, place) => [
      ...(scope === 'project' ? [settingsIn(join(place.folder, '.claude'))] : []),
      settingsIn(folderOf(place)),
    ],
    keys: [
      ['enabledPlugins', ID],
      ['extraKnownMarketplaces', SERVER_NAME],
    ],
    add: (scope, folder) => [
      ['plugin', 'marketplace', 'add', folder],
      ['plugin', 'install', ID, '--scope', scope],
    ],
    remove: (scope) => [['plugin', 'uninstall', ID, '--scope', scope]],
    removeShared: [['plugin', 'marketplace', 'remove', SERVER_NAME]],
    source: {
      words: ['plugin', 'marketplace', 'list', '--json'],
      sourceIn: (answer) => sourceInList(answer, [], ['path']),
    },
    question: {
      words: ['mcp', 'list'],
      judge: (answer) => {
        const line = answer.stdout.split('\n').find((one) => one.startsWith(`plugin:${SERVER_NAME}:`));
        const said = line?.slice(line.lastIndexOf(' - ') + ' - '.length) ?? lastLine(answer);
        return { verified: line !== undefined && /\bConnected\b/u.test(said), said };
      },
    },
    grants: (_scope, place, store) => [
      'Claude Code asks before it first calls each tool. Answer there, or allow ' +
        'mcp__plugin_orchestrator_orchestrator__* in its settings.',
      sandbox(place, store),
    ],
  },
};
