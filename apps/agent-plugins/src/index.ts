/** The plugins for agent hosts, written into a folder. Start at `writePlugins`. */
export { PLUGIN_HOSTS, PLUGIN_NAME, writePlugins, type PluginHost, type WrittenPlugins } from './write-plugins.ts';
