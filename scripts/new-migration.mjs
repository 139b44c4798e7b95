// Writes the next migration of both SQL storages from their schemas: npm run migration -- what_it_does
// drizzle-kit compares each schema with its last snapshot. What it cannot say or does not know follows here: tables of
// SQLite are STRICT, what a table loses that is made anew is made again, and each storage has the number of its
// migrations in its source.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { completeRebuild } from './complete-rebuild.ts';

const STORAGES = [
  { folder: 'storage-sqlite', migrations: 'drizzle', version: 'store-file.ts', adapt: forSqlite },
  { folder: 'storage-postgres', migrations: 'drizzle/postgres', version: 'schema-version.ts', adapt: (sql) => sql },
];

const [name] = process.argv.slice(2);
if (name === undefined || !/^[a-z][a-z0-9_]*$/u.test(name)) {
  console.error('Say what the migration does: npm run migration -- add_task_label');
  process.exit(64);
}

let isWritten = false;
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

  isWritten = true;
  const textOf = ({ tag }) => readFileSync(`${at}${migrations}/${tag}.sql`, 'utf8');
  const earlier = entries().slice(0, before).map(textOf);
  rewrite(`${at}${migrations}/${entries()[length - 1].tag}.sql`, (sql) => adapt(sql, earlier));
  rewrite(`${at}src/${version}`, (text) => text.replace(/(SCHEMA_VERSION = )\d+/u, `$1${length}`));
}

// A schema on a server has to be just as the migrations make it, and a server knows best what they make.
if (isWritten) {
  const record = 'packages/storage-postgres/test/programs/record-catalogue.ts';
  const words = ['--conditions=@agent-orchestrator/source', record];
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  process.exitCode = spawnSync(process.execPath, words, { cwd, stdio: 'inherit' }).status ?? 1;
}

function rewrite(path, change) {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

function forSqlite(sql, earlier) {
  return completeRebuild(sql.replaceAll(/^(CREATE TABLE [^;]*\n\));/gmu, '$1 STRICT;'), earlier);
}
