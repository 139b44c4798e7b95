import { hookLine, hooksFile, serverCommand } from './commands.ts';
import { AUTHOR, DESCRIPTION, jsonFile, LICENSE, PLUGIN_NAME, type PluginFiles, type Program } from './files.ts';
import { readme } from './readme.ts';
import { skill } from './skill.ts';

/** How long each event may take, in seconds. */
const EVENTS = { SessionStart: 10, PreCompact: 10, Stop: 10, SessionEnd: 3 } as const;

/** What the settings of the orchestrator are read from. Codex starts servers with few variables. */
const VARIABLES = [
  'ORCHESTRATOR_STORE',
  'ORCH_DB_PATH',
  'ORCHESTRATOR_CONFIG',
  'ORCHESTRATOR_NAMESPACE',
  'ORCHESTRATOR_AGENT',
  'ORCHESTRATOR_TTL',
  'ORCHESTRATOR_STALE_AFTER',
  'ORCHESTRATOR_PARK_AFTER',
  'OPENCLAW_STATE_DIR',
  'XDG_CACHE_HOME',
] as const;

export function codexPlugin(program: Program): PluginFiles {
  const { version } = program;
  return {
    '.codex-plugin/plugin.json': jsonFile({
      name: PLUGIN_NAME,
      version,
      description: DESCRIPTION,
      author: { name: AUTHOR },
      license: LICENSE,
      skills: './skills/',
      mcpServers: './.mcp.json',
      hooks: './hooks/hooks.json',
    }),
    '.mcp.json': jsonFile({
      mcpServers: { [PLUGIN_NAME]: { ...serverCommand(program), env_vars: VARIABLES } },
    }),
    ...hooksFile(EVENTS, (event) => ({ command: hookLine(program, 'codex', event) })),
    'README.md': readme('Codex'),
    ...skill(),
  };
}

/** What `codex plugin marketplace add` reads, in the folder above. */
export function codexMarketplace(folder: string): PluginFiles {
  return {
    '.agents/plugins/marketplace.json': jsonFile({
      name: PLUGIN_NAME,
      plugins: [
        {
          name: PLUGIN_NAME,
          source: { source: 'local', path: `./${folder}` },
          policy: { installation: 'AVAILABLE', authentication: 'ON_INSTALL' },
          category: 'Productivity',
        },
      ],
    }),
  };
}
