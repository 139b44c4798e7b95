import { translateError } from '../errors.ts';
import { ConnectionPool } from '../server/connection-pool.ts';
import { ROLE_STATEMENTS } from '../schema/roles.ts';
import { query } from '../server/statement-batch.ts';
import { parseServerUrl } from '../server/server-address.ts';
import { BEGIN, TIMEOUTS } from '../server/transactions.ts';

/**
 * Creates the roles and grants their rights, all or nothing; an existing role is not changed. The login of
 * `url` needs CREATEROLE, and CREATE on the database with the right to pass it on, as its owner has.
 *
 * @throws `STORE_PERMISSION`, and the errors of `openPostgresStorage`
 */
export async function createRoles(url: string): Promise<void> {
  const connections = new ConnectionPool(parseServerUrl(url), 1);
  try {
    await connections.use(async (connection) => {
      const statements = [BEGIN.long, ...ROLE_STATEMENTS, 'COMMIT'];
      await connection.flush(
        statements.map((statement) => query(statement)),
        TIMEOUTS.answer_ms,
      );
    });
  } catch (error) {
    throw translateError(error);
  } finally {
    await connections.close();
  }
}
