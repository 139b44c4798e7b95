import { join } from 'node:path';
import { jsonIn, lastLine } from './ask-host.ts';
import { SERVER_NAME, type AgentHost, type HostAnswer, type Place, type PluginSource, type Verdict } from './host.ts';

const configFile = ({ env, home }: Place) =>
  ({
    path: env['OPENCLAW_CONFIG_PATH'] || join(env['OPENCLAW_STATE_DIR'] || join(home, '.openclaw'), 'openclaw.json'),
    format: 'json5',
  }) as const;

const ALLOW = 'openclaw config set plugins.entries.orchestrator.hooks.allowConversationAccess true';
const CONSENT =
  'To save the work at the end of each turn, and for the resume card without a Gateway (openclaw agent --local), the ' +
  `plugin must read conversations. To allow that, run ${ALLOW}.`;
const RESTART = 'If a Gateway runs, restart it: openclaw gateway restart.';

/** @param tools as OpenClaw names them: those of a server by a pattern, those of a plugin by its id */
const sandbox = (tools: string): string =>
  'In the sandbox of OpenClaw, which is off by default, the model is offered the tools only if ' +
  `tools.sandbox.tools.alsoAllow has "${tools}". \`orchestrator\` itself is not in that container.`;

const INSPECT = ['plugins', 'inspect', SERVER_NAME, '--runtime', '--json'] as const;

export const openclaw: AgentHost = {
  name: 'openclaw',
  title: 'OpenClaw',
  executable: 'openclaw',
  scopes: ['user'],
  // Its version, the time of its last change, and which of its own changes of the format are done.
  ownKeys: [['meta']],
  server: {
    file: (_scope, place) => configFile(place),
    keys: () => ['mcp', 'servers', SERVER_NAME],
    add: (_scope, { command, args }) => ['mcp', 'set', SERVER_NAME, JSON.stringify({ command, args })],
    remove: () => ['mcp', 'unset', SERVER_NAME],
    note: 'OpenClaw writes the whole file anew, without its comments; `mcp uninstall` brings them back',
    question: { words: ['mcp', 'probe', SERVER_NAME, '--json'], judge: judgeProbe },
    grants: () => [RESTART, sandbox(`${SERVER_NAME}__*`)],
  },
  plugin: {
    scopes: ['user'],
    files: (_scope, place) => [configFile(place)],
    keys: [
      ['plugins', 'entries', SERVER_NAME, 'enabled'],
      ['plugins', 'installs', SERVER_NAME],
    ],
    add: (_scope, folder) => [['plugins', 'install', join(folder, 'openclaw')]],
    consents: ['--force', '--accept-capabilities'],
    remove: () => [['plugins', 'uninstall', SERVER_NAME, '--force']],
    removeShared: [],
    source: { words: ['plugins', 'inspect', SERVER_NAME, '--json'], sourceIn },
    question: { words: INSPECT, judge: judgePlugin },
    grants: () => [RESTART, CONSENT, sandbox(SERVER_NAME)],
  },
};

function sourceIn(answer: HostAnswer): PluginSource {
  const { plugin, install, error } = (jsonIn(answer) ?? {}) as {
    plugin?: object;
    install?: { sourcePath?: string };
    error?: { message?: string };
  };
  if (plugin !== undefined) return { from: install?.sourcePath ?? null };
  return /^plugin not found\b/iu.test(error?.message ?? '') && answer.exit !== null ? 'none' : 'untold';
}

/** It starts the server and lists its tools; else it says why not. */
function judgeProbe(answer: HostAnswer): Verdict {
  const { servers, diagnostics } = (jsonIn(answer) ?? {}) as {
    servers?: Record<string, { tools?: number }>;
    diagnostics?: { message?: string }[];
  };
  const tools = servers?.[SERVER_NAME]?.tools ?? 0;
  if (tools > 0) return { verified: true, said: `OpenClaw reaches the server and sees ${tools} tools` };
  return { verified: false, said: diagnostics?.[0]?.message ?? lastLine(answer) };
}

function judgeLoaded(answer: HostAnswer): Verdict {
  const { plugin } = (jsonIn(answer) ?? {}) as { plugin?: { status?: string; toolNames?: string[] } };
  if (plugin?.status !== 'loaded') return { verified: false, said: plugin?.status ?? lastLine(answer) };
  return { verified: true, said: `OpenClaw loads the plugin with ${plugin.toolNames?.length ?? 0} tools` };
}

/** Its diagnostics are those that `plugins doctor` has of the plugin. */
function judgePlugin(answer: HostAnswer): Verdict {
  const loaded = judgeLoaded(answer);
  const { diagnostics = [] } = (jsonIn(answer) ?? {}) as { diagnostics?: { pluginId?: string; message?: string }[] };
  const [first] = diagnostics.filter(({ pluginId }) => pluginId === SERVER_NAME);
  return !loaded.verified || first === undefined
    ? loaded
    : { verified: false, said: `${loaded.said}, but ${first.message ?? 'finds a fault in it'}` };
}
