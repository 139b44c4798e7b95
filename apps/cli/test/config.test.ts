/*
 * The configuration:
 *  - `config list` shows each setting and where it came from: default, file, variable, flag
 *  - a password in the store's URL is shown by neither
 *  - what is configured holds for every command that takes the flag, and the flag goes before it
 *  - `store path` names the file that decided
 *  - what is configured of leases does not stand in the way of a release without --claim-next
 *  - a bad file stops every command with 78, naming file and key; help continues
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { THRESHOLDS } from '@agent-orchestrator/runtime';
import { test } from 'vitest';
import { Cli, holderOf } from './support/cli.ts';

/** Without the variables that the other tests set. */
const bare = { ORCHESTRATOR_STORE: '' };

function configure(cli: Cli, values: object): string {
  const path = join(cli.folder, '.openclaw', 'orchestrator.json');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(values), { mode: 0o600 });
  return path;
}

test.concurrent('`config list` shows each setting and where it came from', async ({ expect }) => {
  using cli = new Cli();
  const file = configure(cli, { agent: 'of-file', ttl: '10m' });

  const env = { ...bare, ORCHESTRATOR_NAMESPACE: 'of-variable', ORCHESTRATOR_TTL: '5m' };
  const { data, meta } = await cli.json(['config', 'list', '--store', 'sqlite:/flag.db'], { env });

  expect(data).toEqual([
    { name: 'store', value: 'sqlite:/flag.db', from: 'flag', origin: null },
    { name: 'namespace', value: 'of-variable', from: 'environment', origin: 'ORCHESTRATOR_NAMESPACE' },
    { name: 'agent', value: 'of-file', from: 'file', origin: file },
    { name: 'ttl', value: '5m', from: 'environment', origin: 'ORCHESTRATOR_TTL' },
    { name: 'stale_after', value: '1m', from: 'default', origin: null },
    { name: 'park_after', value: '30m', from: 'default', origin: null },
    { name: 'storages', value: null, from: 'default', origin: null },
    ...Object.entries(THRESHOLDS).map(([name, { value }]) => ({
      name: `thresholds.${name}`,
      value: String(value),
      from: 'default',
      origin: null,
    })),
  ]);
  expect(meta).toEqual({ config_file: file, config_file_exists: true });
});

test.concurrent("a password in the store's URL is not shown", async ({ expect }) => {
  using cli = new Cli();
  configure(cli, { store: 'postgres://me:secret@host/db' });

  const shown = await Promise.all([
    cli.run(['config', 'list'], { env: bare }),
    cli.run(['config', 'list', '--json'], { env: bare }),
    cli.run(['store', 'path'], { env: bare }),
  ]);

  for (const { exit, stdout, stderr } of shown) {
    expect(exit).toBe(0);
    expect(stdout).toContain('postgres://me@host/db');
    expect(stdout + stderr).not.toContain('secret');
  }
});

test.concurrent('what is configured holds for every command, and a flag goes before it', async ({ expect }) => {
  using cli = new Cli();
  const file = configure(cli, { store: 'sqlite:../configured.db', namespace: 'n', agent: 'a', ttl: '10m' });
  const options = { env: bare };

  const path = await cli.json(['store', 'path'], options);
  await cli.json(['task', 'create', 'x', '--session', 's'], options);
  const claimed = await cli.json(['claim'], options);
  const holder = holderOf(claimed.data.lease);
  const released = await cli.json(['release', ...holder, '--outcome', 'released'], options);
  const other = await cli.json(['claim', '--agent', 'b', '--ttl', '1h'], options);
  const elsewhere = await cli.json(['task', 'list', '--namespace', 'default'], options);

  expect(path.data).toMatchObject({ path: join(cli.folder, 'configured.db'), from: file });
  expect(claimed.data).toMatchObject({ task: { namespace: 'n' }, lease: { agent: 'a', ttl_ms: 600_000 } });
  expect(released.exit).toBe(0);
  expect(other.data.lease).toMatchObject({ agent: 'b', ttl_ms: 3_600_000, stale_after_ms: 60_000 });
  expect(elsewhere.data).toEqual([]);
});

test.concurrent('a bad file stops every command with 78, naming file and key; help continues', async ({ expect }) => {
  using cli = new Cli();
  const file = configure(cli, { stroe: 'sqlite:x.db' });

  const refused = await cli.json(['status']);
  const help = await cli.run(['help', 'exit-codes']);
  const completion = await cli.run(['completion', 'bash']);

  expect(refused.error).toMatchObject({ code: 'CONFIG_INVALID', exit: 78, field: 'stroe' });
  expect(refused.error.message).toContain(file);
  expect([help.exit, completion.exit]).toEqual([0, 0]);
});
