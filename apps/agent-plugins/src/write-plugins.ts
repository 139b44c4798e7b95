import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { claudeCodeMarketplace, claudeCodePlugin } from './manifests/claude-code.ts';
import { codexMarketplace, codexPlugin } from './manifests/codex.ts';
import type { PluginFiles, Program } from './manifests/files.ts';
import { geminiCliExtension } from './manifests/gemini-cli.ts';
import { openClawPlugin } from './manifests/openclaw.ts';

export { PLUGIN_NAME } from './manifests/files.ts';

/** Each with the files of its plugin, which lie in a folder of that name. */
const PLUGINS = {
  'claude-code': claudeCodePlugin,
  codex: codexPlugin,
  'gemini-cli': geminiCliExtension,
  openclaw: openClawPlugin,
} as const satisfies Record<string, (program: Program) => PluginFiles>;

export type PluginHost = keyof typeof PLUGINS;

export const PLUGIN_HOSTS = Object.keys(PLUGINS) as readonly PluginHost[];

/** Where the plugins are. */
export interface WrittenPlugins {
  /** The folder that two hosts take as a marketplace. */
  readonly folder: string;
  readonly plugins: Readonly<Record<PluginHost, string>>;
}

/**
 * Writes the plugins of all hosts into a folder, in place of what was in it. The same program makes the same bytes.
 *
 * @param folder an absolute path; nothing else may lie in it
 * @throws the system's error if it cannot be written
 */
export async function writePlugins(folder: string, program: Program): Promise<WrittenPlugins> {
  const made = `${folder}.new-${process.pid}`;
  await rm(made, { recursive: true, force: true });
  const files = Object.entries({
    ...claudeCodeMarketplace('claude-code'),
    ...codexMarketplace('codex'),
    ...Object.fromEntries(PLUGIN_HOSTS.flatMap((host) => inFolder(host, PLUGINS[host](program)))),
  });
  for (const [path, content] of files) {
    await mkdir(dirname(join(made, path)), { recursive: true });
    await writeFile(join(made, path), content);
  }
  await rm(folder, { recursive: true, force: true });
  await rename(made, folder);
  const places = PLUGIN_HOSTS.map((host) => [host, join(folder, host)] as const);
  return { folder, plugins: Object.fromEntries(places) as Record<PluginHost, string> };
}

function inFolder(folder: string, files: PluginFiles): [path: string, content: string][] {
  return Object.entries(files).map(([path, content]) => [`${folder}/${path}`, content]);
}
