import { join } from 'node:path';
import { lastLine } from './ask-host.ts';
import { SERVER_NAME, type AgentHost, type HostAnswer, type Place, type Verdict } from './host.ts';

const userFolder = ({ env, home }: Place): string => join(env['GEMINI_CLI_HOME'] || home, '.gemini');

const TRUST = 'Trust the folder: Gemini CLI asks at its first start in it. It starts no server in other folders.';

export const geminiCli: AgentHost = {
  name: 'gemini-cli',
  title: 'Gemini CLI',
  executable: 'gemini',
  scopes: ['user', 'project'],
  server: {
    file: (scope, place) => ({
      path: join(scope === 'project' ? join(place.folder, '.gemini') : userFolder(place), 'settings.json'),
      format: 'json5',
    }),
    keys: () => ['mcpServers', SERVER_NAME],
    add: (scope, { command, args }) => ['mcp', 'add', '--scope', scope, SERVER_NAME, command, '--', ...args],
    remove: (scope) => ['mcp', 'remove', '--scope', scope, SERVER_NAME],
    question: { words: ['mcp', 'list'], judge },
    grants: () => [TRUST, 'Gemini CLI asks before it calls a tool. Answer there.'],
  },
  plugin: {
    scopes: ['user'],
    files: (_scope, place) => [
      { path: join(userFolder(place), 'extensions', 'extension-enablement.json'), format: 'json' },
    ],
    keys: [[SERVER_NAME]],
    add: (_scope, folder) => [['extensions', 'install', join(folder, 'gemini-cli'), '--consent']],
    remove: () => [['extensions', 'uninstall', SERVER_NAME]],
    removeShared: [],
    question: { words: ['mcp', 'list'], judge },
    grants: () => [TRUST, 'Gemini CLI asks before it calls a tool. Answer there.'],
  },
};

/** It starts each server that it may start in this folder. */
function judge(answer: HostAnswer): Verdict {
  const lines = `${answer.stdout}\n${answer.stderr}`.split('\n').map((line) => line.trim());
  const line = lines.find((one) => new RegExp(`^\\S+ ${SERVER_NAME}(?: \\(from .*\\))?:`, 'u').test(one));
  if (line === undefined) return { verified: false, said: lastLine(answer) };
  const status = line.slice(line.lastIndexOf(' - ') + ' - '.length);
  // In a folder that is not trusted, it starts none.
  return {
    verified: status === 'Connected',
    said: status === 'Disabled' ? 'you have not trusted this folder' : status,
  };
}
