/* `psql URL -c STATEMENT`, for machines without PostgreSQL's own. */
import { withAdmin } from '../../packages/storage-postgres/test/harness/databases.ts';

const [url = '', flag, statement = ''] = process.argv.slice(2);
if (flag !== '-c') throw new Error('only psql URL -c STATEMENT is known');
console.log(JSON.stringify(await withAdmin(url, async (sql) => [...(await sql.unsafe(statement))])));
