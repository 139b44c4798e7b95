import { join } from 'node:path';
import { AGENT_TOOL_NAMES } from 'agent-orchestrator-mcp-server/in-process';
import { DESCRIPTION, jsonFile, LICENSE, PLUGIN_NAME, type PluginFiles, type Program } from './files.ts';
import { readme } from './readme.ts';
import { skill } from './skill.ts';

/** The first version with all that the plugin uses. */
const OPENCLAW = '>=2026.8.1';

export function openClawPlugin(program: Program): PluginFiles {
  const { version, cli } = program;
  return {
    'openclaw.plugin.json': jsonFile({
      id: PLUGIN_NAME,
      name: 'Agent Orchestrator',
      description: DESCRIPTION,
      version,
      configSchema: { type: 'object', additionalProperties: false, properties: {} },
      activation: { onStartup: true },
      contracts: { tools: AGENT_TOOL_NAMES },
      toolMetadata: Object.fromEntries(AGENT_TOOL_NAMES.map((name) => [name, { profiles: ['coding', 'messaging'] }])),
      skills: ['./skills'],
    }),
    'package.json': jsonFile({
      name: PLUGIN_NAME,
      version,
      description: DESCRIPTION,
      license: LICENSE,
      type: 'module',
      peerDependencies: { openclaw: OPENCLAW },
      openclaw: { extensions: ['./index.js'], compat: { pluginApi: OPENCLAW, minGatewayVersion: OPENCLAW } },
    }),
    'index.js': [
      `import { createRequire } from 'node:module';`,
      `import { defineToolPlugin } from 'openclaw/plugin-sdk/tool-plugin';`,
      '',
      '// OpenClaw copies what a plugin imports by its name, without the files beside it: so it is loaded by its path.',
      `const program = ${JSON.stringify(join(cli, 'dist', 'openclaw.js'))};`,
      'const { openClawPlugin } = createRequire(program)(program);',
      '',
      'export default openClawPlugin(defineToolPlugin);',
      '',
    ].join('\n'),
    'README.md': readme('OpenClaw'),
    ...skill(),
  };
}
