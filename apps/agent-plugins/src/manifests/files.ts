/** The installed command line, which all plugins call. Hosts copy plugins away, so they name it by absolute paths. */
export interface Program {
  /** The Node that runs it: hosts often lack the PATH of a shell. */
  readonly node: string;
  /** The folder of the command line, which has `bin/` and `dist/`. */
  readonly cli: string;
  readonly version: string;
}

/** The content of each file of a plugin, by its path inside the plugin. */
export type PluginFiles = Readonly<Record<string, string>>;

/** The name of the plugin, of its skill, of its server and of its marketplace. Hosts build names of tools from it. */
export const PLUGIN_NAME = 'orchestrator';

export const DESCRIPTION = 'Tasks that survive crashes: claim, checkpoint, resume and hand over work between agents.';
export const AUTHOR = 'Agent Orchestrator contributors';
export const LICENSE = 'MIT';

export function jsonFile(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
