import type { Target } from '@agent-orchestrator/storage-conformance';
import { COLUMNS as OF_ROWS } from '@agent-orchestrator/core';
import { withAdmin } from './harness/databases.ts';
import type { OpenedPostgres } from './opened.ts';

type Attacks = NonNullable<Target<OpenedPostgres>['attacks']>;

const asAdmin =
  (...statements: readonly string[]): Attacks[string] =>
  ({ adminUrl }) =>
    withAdmin(adminUrl, async (sql) => {
      for (const statement of statements) await sql.unsafe(statement);
    });

const asAgent =
  (statement: string): Attacks[string] =>
  ({ url }) =>
    withAdmin(url, async (sql) => void (await sql.unsafe(statement)));

const COLUMNS = Object.values(OF_ROWS.event)
  .filter((column) => column !== 'id')
  .join(', ');

/** The ways in which a superuser and an agent could try to tamper with the log. */
export const attacks: Attacks = {
  'UPDATE by the superuser': asAdmin(`UPDATE orchestrator.event_log SET payload = '{}'`),
  'DELETE by the superuser': asAdmin('DELETE FROM orchestrator.event_log'),
  'TRUNCATE by the superuser': asAdmin('TRUNCATE orchestrator.event_log'),
  'TRUNCATE of what it refers to': asAdmin('TRUNCATE orchestrator.sessions CASCADE'),
  'UPDATE as a replica': asAdmin(
    `SET session_replication_role = replica`,
    `UPDATE orchestrator.event_log SET payload = '{}'`,
  ),
  'INSERT that replaces an event': asAdmin(
    `INSERT INTO orchestrator.event_log OVERRIDING SYSTEM VALUE SELECT * FROM orchestrator.event_log LIMIT 1
     ON CONFLICT (id) DO UPDATE SET payload = '{}'`,
  ),
  'INSERT of an event with a number that is taken': asAdmin(
    `INSERT INTO orchestrator.event_log (${COLUMNS}) SELECT ${COLUMNS} FROM orchestrator.event_log LIMIT 1`,
  ),
  'UPDATE by an agent': asAgent(`UPDATE orchestrator.event_log SET payload = '{}'`),
  'DELETE by an agent': asAgent('DELETE FROM orchestrator.event_log'),
  'TRUNCATE by an agent': asAgent('TRUNCATE orchestrator.event_log'),
  'DISABLE TRIGGER by an agent': asAgent('ALTER TABLE orchestrator.event_log DISABLE TRIGGER ALL'),
  'DROP TRIGGER by an agent': asAgent('DROP TRIGGER event_log_no_update ON orchestrator.event_log'),
  'session_replication_role set by an agent': asAgent('SET session_replication_role = replica'),
};
