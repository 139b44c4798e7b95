// Writes the next migration of both SQL storages from the tables: npm run migration -- what_it_does
// drizzle-kit compares each schema with its last snapshot. What it cannot say or does not know follows here: views and
// what else an engine needs (complete-migration.ts), the number of the migrations in each storage's source, and what a
// database of the last one is made of.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { completeMigration } from './complete-migration.ts';

const STORAGES = [
  { dialect: 'sqlite', schema: 'sqlite', out: 'storage-sqlite/drizzle', version: 'storage-sqlite/src/migrations.ts' },
  {
    dialect: 'postgresql',
    schema: 'postgres',
    out: 'storage-postgres/drizzle/postgres',
    version: 'storage-postgres/src/migrations.ts',
  },
];
const RECORD_CATALOGUE = 'packages/storage-postgres/test/programs/record-catalogue.ts';

const [name] = process.argv.slice(2);
if (name === undefined || !/^[a-z][a-z0-9_]*$/u.test(name)) {
  console.error('Say what the migration does: npm run migration -- add_task_label');
  process.exit(64);
}

let isWritten = false;
const packages = fileURLToPath(new URL('../packages/', import.meta.url));
for (const { dialect, schema, out, version } of STORAGES) {
  const tags = () =>
    JSON.parse(readFileSync(`${packages}${out}/meta/_journal.json`, 'utf8')).entries.map(({ tag }) => tag);
  const before = tags();
  run(
    `drizzle-kit generate --dialect ${dialect} --schema ./schemas/${schema}.ts --out ../${out} --name ${name}`,
    `${packages}storage-sql`,
  );
  const [added] = tags().slice(before.length);
  if (added === undefined) continue;

  isWritten = true;
  const textOf = (tag) => readFileSync(`${packages}${out}/${tag}.sql`, 'utf8');
  const complete = completeMigration(dialect, textOf(added), before.map(textOf));
  writeFileSync(`${packages}${out}/${added}.sql`, complete);
  const code = readFileSync(`${packages}${version}`, 'utf8');
  writeFileSync(`${packages}${version}`, code.replace(/(SCHEMA_VERSION = )\d+/u, `$1${before.length + 1}`));
}

// A schema on a server has to be just as the migrations make it, and a server knows best what they make.
if (isWritten) run(`node --conditions=@agent-orchestrator/source ${RECORD_CATALOGUE}`, `${packages}..`);

function run(command, cwd) {
  const env = { ...process.env, NODE_OPTIONS: '--conditions=@agent-orchestrator/source' };
  const { status } = spawnSync(command, { cwd, stdio: 'inherit', shell: true, env });
  if (status !== 0) process.exit(status ?? 1);
}
