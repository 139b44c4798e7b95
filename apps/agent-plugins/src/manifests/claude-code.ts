import { hookCommand, hooksFile, serverCommand } from './commands.ts';
import { AUTHOR, DESCRIPTION, jsonFile, LICENSE, PLUGIN_NAME, type PluginFiles, type Program } from './files.ts';
import { readme } from './readme.ts';
import { skill } from './skill.ts';

/** How long each event may take, in seconds. At the end of a session, Claude Code waits 1.5 s, whatever stands here. */
const EVENTS = { SessionStart: 10, PreCompact: 10, Stop: 10, SessionEnd: 2 } as const;

export function claudeCodePlugin(program: Program): PluginFiles {
  const { version } = program;
  return {
    '.claude-plugin/plugin.json': jsonFile({
      name: PLUGIN_NAME,
      version,
      description: DESCRIPTION,
      author: { name: AUTHOR },
      license: LICENSE,
    }),
    '.mcp.json': jsonFile({ mcpServers: { [PLUGIN_NAME]: serverCommand(program) } }),
    ...hooksFile(EVENTS, (event) => hookCommand(program, 'claude-code', event)),
    'README.md': readme('Claude Code'),
    ...skill(),
  };
}

/** What `claude plugin marketplace add` reads, in the folder above. */
export function claudeCodeMarketplace(folder: string): PluginFiles {
  return {
    '.claude-plugin/marketplace.json': jsonFile({
      name: PLUGIN_NAME,
      description: 'The Agent Orchestrator on this machine.',
      owner: { name: AUTHOR },
      plugins: [{ name: PLUGIN_NAME, source: `./${folder}`, description: DESCRIPTION }],
    }),
  };
}
