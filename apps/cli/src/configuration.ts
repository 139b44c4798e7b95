import type { Settings } from '@agent-orchestrator/runtime';
import type { Command } from 'commander';
import type { CommonOptions } from './call.ts';

/** What holds, and what decided it; loads the runtime only now. A variable is no flag, though the parser takes it for one. */
export async function settingsOf(command: Command): Promise<Settings> {
  const { resolveSettings } = await import('@agent-orchestrator/runtime');
  const options = command.optsWithGlobals<CommonOptions>();
  const flag = (name: 'store' | 'namespace' | 'agent') =>
    command.getOptionValueSourceWithGlobals(name) === 'cli' ? options[name] : undefined;
  return resolveSettings({ store: flag('store'), namespace: flag('namespace'), agent: flag('agent') });
}

/** The options with what was configured, where no flag says otherwise. */
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
