import { translateError } from './errors.ts';
import { Links } from './links.ts';
import { ROLE_STATEMENTS } from './roles.ts';
import { query } from './script.ts';
import { parseServerUrl } from './server-address.ts';
import { SQL, TIMEOUTS } from './statements.ts';

/**
 * Makes the roles and gives them their rights, all or nothing; what is there already is left as it is. The login of `url`
 * needs CREATEROLE, and CREATE on the database with the right to pass it on, as its owner has.
 *
 * @throws `STORE_PERMISSION`, and what `openPostgresStorage` throws
 */
export async function createRoles(url: string): Promise<void> {
  const links = new Links(parseServerUrl(url), 1);
  try {
    await links.use(async (link) => {
      const statements = ['BEGIN', ...ROLE_STATEMENTS, SQL.commit];
      await link.flush(
        statements.map((statement) => query(statement)),
        TIMEOUTS.answer_ms,
      );
    });
  } catch (error) {
    throw translateError(error);
  } finally {
    await links.close();
  }
}
