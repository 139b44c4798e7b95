import { hookLine, hooksFile, serverCommand } from './commands.ts';
import { DESCRIPTION, jsonFile, PLUGIN_NAME, type PluginFiles, type Program } from './files.ts';
import { readme } from './readme.ts';
import { skill } from './skill.ts';

/**
 * How long each event may take, in milliseconds. Gemini CLI tells of a compression before every request, so that event
 * says nothing: the end of a turn saves the state.
 */
const EVENTS = { SessionStart: 10_000, AfterAgent: 10_000, SessionEnd: 3_000 } as const;

export function geminiCliExtension(program: Program): PluginFiles {
  const { version } = program;
  return {
    'gemini-extension.json': jsonFile({
      name: PLUGIN_NAME,
      version,
      description: DESCRIPTION,
      mcpServers: { [PLUGIN_NAME]: serverCommand(program) },
    }),
    ...hooksFile(EVENTS, (event) => ({ name: PLUGIN_NAME, command: hookLine(program, 'gemini-cli', event) })),
    'README.md': readme('Gemini CLI'),
    ...skill(),
  };
}
