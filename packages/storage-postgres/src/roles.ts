/**
 * The three roles, as groups without a login of their own: `orchestrator_owner` owns the schema and migrates it,
 * `orchestrator_app` is for agents, `orchestrator_reader` only reads. Grant one of them to each login.
 */
export const OWNER = 'orchestrator_owner';
const APP = 'orchestrator_app';
const READER = 'orchestrator_reader';

/** The sequences that belong to no table. */
const SEQUENCES = ['orchestrator.changes', 'orchestrator.numbers'];

/** The rights of each role on each table; only the owner may change the tables themselves. */
const RIGHTS: readonly (readonly [privileges: string, on: string, to: string])[] = [
  ['USAGE', 'SCHEMA orchestrator', `${APP}, ${READER}`],
  ['SELECT, INSERT, UPDATE', 'orchestrator.sessions, orchestrator.tasks', APP],
  ['SELECT, INSERT', 'orchestrator.event_log', APP],
  ['SELECT, INSERT, DELETE', 'orchestrator.receipts', APP],
  // Locking a row takes the right to update it: a transaction that deletes old receipts passes over those that others
  // delete.
  ['UPDATE (at)', 'orchestrator.receipts', APP],
  ['SELECT, UPDATE (value)', 'orchestrator.meta', APP],
  ['SELECT, USAGE', `SEQUENCE orchestrator.event_log_id_seq, ${SEQUENCES.join(', ')}`, APP],
  ['SELECT', 'ALL TABLES IN SCHEMA orchestrator', READER],
  ['SELECT', `SEQUENCE orchestrator.event_log_id_seq, ${SEQUENCES.join(', ')}`, READER],
];

const grants = RIGHTS.map(([privileges, on, to]) => `GRANT ${privileges} ON ${on} TO ${to};`);

/** Runs as part of each migration: gives the roles their rights, if they exist. */
export const GRANTS = `DO $grants$ BEGIN
  IF (SELECT count(*) FROM pg_roles WHERE rolname IN ('${OWNER}', '${APP}', '${READER}')) < 3 THEN RETURN; END IF;
  ${grants.join('\n  ')}
END $grants$`;

const TABLES = ['sessions', 'tasks', 'event_log', 'receipts', 'meta'];

/**
 * Makes the roles, if they are not there. The login that runs it needs CREATEROLE, and becomes a member of the owner.
 */
const CREATE: readonly string[] = [OWNER, APP, READER].map(
  (role) => `DO $role$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role} NOLOGIN; END IF;
END $role$`,
);

/** Objects that were created before the roles become the owner's. */
const TAKE_OVER = `DO $owner$ BEGIN
  EXECUTE format('GRANT CREATE ON DATABASE %I TO ${OWNER}', current_database());
  IF to_regnamespace('orchestrator') IS NOT NULL THEN
    ALTER SCHEMA orchestrator OWNER TO ${OWNER};
${TABLES.map((table) => `    ALTER TABLE orchestrator.${table} OWNER TO ${OWNER};`).join('\n')}
${SEQUENCES.map((sequence) => `    ALTER SEQUENCE ${sequence} OWNER TO ${OWNER};`).join('\n')}
    ALTER FUNCTION orchestrator.refuse_change() OWNER TO ${OWNER};
    ${grants.join('\n    ')}
  END IF;
END $owner$`;

/** The statements that make the roles and give them their rights, in order; each can be run again. */
export const ROLE_STATEMENTS: readonly string[] = [...CREATE, `GRANT ${OWNER} TO CURRENT_USER`, TAKE_OVER];
