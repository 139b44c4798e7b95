// Writes the next migration of both SQL storages from their schemas: npm run migration -- what_it_does
// drizzle-kit compares each schema with its last snapshot. What it cannot say or does not know follows here: tables of
// SQLite are STRICT, and each storage has the number of its migrations in its source.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const STORAGES = [
  { folder: 'storage-sqlite', migrations: 'drizzle', version: 'store-file.ts', adapt: strict },
  { folder: 'storage-postgres', migrations: 'drizzle/postgres', version: 'schema-version.ts', adapt: (sql) => sql },
];

const [name] = process.argv.slice(2);
if (name === undefined || !/^[a-z][a-z0-9_]*$/u.test(name)) {
  console.error('Say what the migration does: npm run migration -- add_task_label');
  process.exit(64);
}

for (const { folder, migrations, version, adapt } of STORAGES) {
  const at = fileURLToPath(new URL(`../packages/${folder}/`, import.meta.url));
  const entries = () => JSON.parse(readFileSync(`${at}${migrations}/meta/_journal.json`, 'utf8')).entries;
  const before = entries().length;
  const { status } = spawnSync(`drizzle-kit generate --name ${name}`, {
    cwd: at,
    stdio: 'inherit',
    shell: true,
    env: { ...process.env, NODE_OPTIONS: '--conditions=@agent-orchestrator/source' },
  });
  if (status !== 0) process.exit(status ?? 1);
  const { length } = entries();
  if (length === before) continue;

  rewrite(`${at}${migrations}/${entries()[length - 1].tag}.sql`, adapt);
  rewrite(`${at}src/${version}`, (text) => text.replace(/(SCHEMA_VERSION = )\d+/u, `$1${length}`));
}

function rewrite(path, change) {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

function strict(sql) {
  return sql.replaceAll(/^(CREATE TABLE [^;]*\n\));/gmu, '$1 STRICT;');
}
