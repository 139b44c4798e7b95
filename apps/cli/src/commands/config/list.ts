import type { Setting } from '@agent-orchestrator/runtime';
import { durationText } from '@agent-orchestrator/runtime/duration';
import { existsSync } from 'node:fs';
import { table } from '../../output/table.ts';
import type { Define } from '../../command-module.ts';

/** A setting as it is shown: the value as it would be written, without a password. */
interface Row {
  readonly name: string;
  readonly value: string | null;
  readonly from: 'flag' | 'environment' | 'file' | 'default';
  readonly origin: string | null;
}

export const defineList: Define = (parent, run) => {
  parent
    .command('list')
    .description('show each setting and its origin: a flag, a variable, the configuration file or the default')
    .addHelpText('after', FILE)
    .action(
      run(async (call) => {
        const { configPath, locateStore } = await import('@agent-orchestrator/runtime');
        const { store, namespace, agent, ttlMs, staleAfterMs, parkAfterMs, storages, thresholds } = call.settings;
        const { location } = await locateStore(store.value);
        const rows = [
          row('store', { ...store, value: location.url }),
          row('namespace', namespace),
          row('agent', agent),
          row('ttl', { ...ttlMs, value: durationText(ttlMs.value) }),
          row('stale_after', { ...staleAfterMs, value: durationText(staleAfterMs.value) }),
          row('park_after', { ...parkAfterMs, value: durationText(parkAfterMs.value) }),
          row('storages', { ...storages, value: storages.value.length === 0 ? null : storages.value.join(',') }),
          ...Object.entries(thresholds).map(([name, one]) =>
            row(`thresholds.${name}`, { ...one, value: String(one.value) }),
          ),
        ];
        const { path } = configPath(process.env);
        const exists = existsSync(path);
        return {
          kind: 'settings',
          data: rows,
          meta: { config_file: path, config_file_exists: exists },
          ids: rows.map(({ value }) => value ?? ''),
          idsArePlaces: true,
          text: (paint) =>
            table(
              ['SETTING', 'VALUE', 'FROM'],
              rows.map((one) => [one.name, one.value ?? '-', paint('dim', origin(one))]),
              paint,
            ),
          chatter: [`configuration file: ${path}${exists ? '' : ' (does not exist)'}`],
        };
      }),
    );
};

const FILE = `
The configuration file is orchestrator.json in $OPENCLAW_STATE_DIR or ~/.openclaw.
ORCHESTRATOR_CONFIG names another file.
  {"store": "sqlite:/path/to.db", "namespace": "default", "agent": "company-agent", "ttl": "2m", "stale_after": "1m"}
"park_after": "1h" is for agent hosts: how long without progress until their tasks are given back.
Every key is optional. A relative path starts from the folder of the file.
"storages" lists packages (or paths of modules) with other kinds of storages: ["package-name"].
"thresholds" are those of \`orchestrator health\`: {"dead_letters_open": 0}.`;

function row(name: string, { value, from, origin }: Setting<string | null>): Row {
  return { name, value, from: from === 'argument' ? 'flag' : from, origin };
}

function origin({ from, origin }: Row): string {
  return origin === null ? from : `${from} (${origin})`;
}
