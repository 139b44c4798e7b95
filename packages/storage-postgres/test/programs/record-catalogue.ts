/*
 * Writes down what the migrations make. `npm run migration` runs it, and after a change by hand:
 * `npx node --conditions=@agent-orchestrator/source packages/storage-postgres/test/programs/record-catalogue.ts`
 */
import { writeFileSync } from 'node:fs';
import { knownMigrations } from '../../src/migrations.ts';
import { createDatabase, withAdmin } from '../harness/databases.ts';
import { startServer } from '../harness/server.ts';
import { writtenCatalogue } from '../harness/written-catalogue.ts';

const server = await startServer();
const database = await createDatabase(server.url, { migrated: false });
await withAdmin(database.adminUrl, async (sql) => {
  for (const { statements } of knownMigrations()) for (const statement of statements) await sql.unsafe(statement);
});
writeFileSync(
  new URL('../../src/schema/expected-catalogue.ts', import.meta.url),
  await writtenCatalogue(database.adminUrl),
);
await database.drop();
await server.stop();
