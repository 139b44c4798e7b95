import { join } from 'node:path';
import { lastLine } from './ask-host.ts';
import { SERVER_NAME, type AgentHost, type HostAnswer, type Place, type Verdict } from './host.ts';
import { sourceInList } from './plugin-source.ts';

const userFolder = ({ env, home }: Place): string => join(env['GEMINI_CLI_HOME'] || home, '.gemini');

const GRANTS = [
  'Trust the folder: Gemini CLI asks at its first start in it. It starts no server in other folders.',
  'Gemini CLI asks before it calls a tool. Answer there.',
  'Its sandboxes are off by default. With security.toolSandboxing the tools work, and `orchestrator` in the shell ' +
    'writes a store in the workspace alone. In the container of --sandbox there is neither, until you mount the ' +
    'program and the store.',
];

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
    question: { words: ['mcp', 'list'], judge: judgeServer('') },
    grants: () => GRANTS,
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
    copy: (place) => ({
      folder: join(userFolder(place), 'extensions', SERVER_NAME),
      origin: '.gemini-extension-install.json',
      keys: ['source'],
    }),
    source: {
      words: ['extensions', 'list', '--output-format', 'json'],
      sourceIn: (answer) => sourceInList(answer, [], ['installMetadata', 'source']),
    },
    question: { words: ['mcp', 'list'], judge: judgeServer(` (from ${SERVER_NAME})`) },
    grants: () => GRANTS,
  },
};

/** It starts each server that it may start in this folder. @param origin what it says of the extension behind a name */
function judgeServer(origin: string): (answer: HostAnswer) => Verdict {
  return (answer) => {
    const lines = `${answer.stdout}\n${answer.stderr}`.split('\n').map((line) => line.trim());
    const line = lines.find((one) => one.replace(/^\S+ /u, '').startsWith(`${SERVER_NAME}${origin}:`));
    if (line === undefined) return { verified: false, said: lastLine(answer) };
    const status = line.slice(line.lastIndexOf(' - ') + ' - '.length);
    // In a folder that is not trusted, it starts none.
    return {
      verified: status === 'Connected',
      said: status === 'Disabled' ? 'you have not trusted this folder' : status,
    };
  };
}
