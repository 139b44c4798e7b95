// Writes the next migration of both SQL storages from the tables: npm run migration -- what_it_does
// drizzle-kit compares each schema with its last snapshot. What it cannot say or does not know follows here: views,
// functions and what else an engine needs (complete-migration.ts), the number of the migrations in each storage's
// source, and what a database of the last one is made of. Where only a view or a function has changed, that is the
// migration.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { areViewsOutdated, completeMigration } from './complete-migration.ts';

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

const packages = fileURLToPath(new URL('../packages/', import.meta.url));
/** Of each storage that has a new migration: the files that are new, and those that were changed for them. */
const written = [];
process.on('exit', sayWhatIsLeft);

for (const { dialect, schema, out, version } of STORAGES) {
  const folder = `${packages}${out}`;
  const textOf = (tag) => readFileSync(`${folder}/${tag}.sql`, 'utf8');
  const before = tagsIn(folder);
  const earlier = before.map(textOf);
  const schemaOf = `--dialect ${dialect} --schema ./schemas/${schema}.ts`;
  const generate = `drizzle-kit generate ${schemaOf} --out ../${out} --name ${name}`;
  run(generate, `${packages}storage-sql`);
  // drizzle-kit has nothing to do where only a view or a function has changed: it adds an empty migration then.
  const isOfViews = tagsIn(folder).length === before.length && areViewsOutdated(dialect, earlier);
  if (isOfViews) {
    console.log('Views or functions have changed: a migration makes them anew.');
    run(`${generate} --custom`, `${packages}storage-sql`);
  }
  const [added] = tagsIn(folder).slice(before.length);
  if (added === undefined) continue;

  const snapshot = `meta/${added.slice(0, added.indexOf('_'))}_snapshot.json`;
  written.push({
    made: [`packages/${out}/${added}.sql`, `packages/${out}/${snapshot}`],
    changed: [`packages/${out}/meta/_journal.json`, `packages/${version}`],
  });
  const complete = completeMigration(dialect, isOfViews ? '' : textOf(added), earlier);
  writeFileSync(`${folder}/${added}.sql`, complete);
  const code = readFileSync(`${packages}${version}`, 'utf8');
  writeFileSync(`${packages}${version}`, code.replace(/(SCHEMA_VERSION = )\d+/u, `$1${before.length + 1}`));
}

// A schema on a server has to be just as the migrations make it, and a server knows best what they make.
if (written.length > 0) run(`node --conditions=@agent-orchestrator/source ${RECORD_CATALOGUE}`, `${packages}..`);

function tagsIn(folder) {
  return JSON.parse(readFileSync(`${folder}/meta/_journal.json`, 'utf8')).entries.map(({ tag }) => tag);
}

function run(command, cwd) {
  const env = { ...process.env, NODE_OPTIONS: '--conditions=@agent-orchestrator/source' };
  const { status } = spawnSync(command, { cwd, stdio: 'inherit', shell: true, env });
  if (status !== 0) process.exit(status ?? 1);
}

/** Says how to begin anew, since the next run would take what is half there for a migration of the past. */
function sayWhatIsLeft(code) {
  if (code === 0 || written.length === 0) return;
  const list = (kind) => written.flatMap((one) => one[kind].map((file) => `\n  ${file}`)).join('');
  console.error('\nFailed, and the migration is not complete. Before you run this again:');
  console.error(`remove these files:${list('made')}`);
  console.error(`take back what is new in these:${list('changed')}`);
}
