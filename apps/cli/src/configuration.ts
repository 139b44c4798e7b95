import type { Settings } from '@agent-orchestrator/runtime';
import type { Command } from 'commander';
import type { CommonOptions } from './call.ts';

/**
 * The settings with their origins; loads the runtime. The parser also sets options from variables: they are no flags.
 */
export async function settingsOf(command: Command): Promise<Settings> {
  const { resolveSettings } = await import('./store-access.ts');
  const options = command.optsWithGlobals<CommonOptions>();
  const flag = (name: 'store' | 'namespace' | 'agent') =>
    command.getOptionValueSourceWithGlobals(name) === 'cli' ? options[name] : undefined;
  return resolveSettings({ store: flag('store'), namespace: flag('namespace'), agent: flag('agent') });
}

/** The options, completed with the settings that no flag sets. */
export function withSettings<Options extends CommonOptions>(options: Options, settings: Settings): Options {
  const { store, namespace, agent, ttlMs, staleAfterMs } = settings;
  return {
    ...options,
    store: store.value,
    ...(namespace.from !== 'default' && { namespace: namespace.value }),
    ...(agent.from !== 'default' && agent.value !== null && { agent: agent.value }),
    configured: {
      ...(ttlMs.from !== 'default' && { ttl: ttlMs.value }),
      ...(staleAfterMs.from !== 'default' && { staleAfter: staleAfterMs.value }),
    },
  };
}
