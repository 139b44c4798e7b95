import { COLUMNS, FIXED_AGENT_FIELDS, FIXED_SESSION_FIELDS, MOVING_TASK_FIELDS } from '@agent-orchestrator/core';
import { TABLES, VIEWS, type Table } from '@agent-orchestrator/storage-sql';
import { SEARCH_PATH } from '../server/transactions.ts';
import { TYPE_NAMES } from './types.ts';

/**
 * The three roles, as groups without a login of their own: `orchestrator_owner` owns the schema and migrates it,
 * `orchestrator_app` is for agents, `orchestrator_reader` only reads. Grant one of them to each login.
 */
export const OWNER = 'orchestrator_owner';
const APP = 'orchestrator_app';
const READER = 'orchestrator_reader';

const VIEW_NAMES = Object.keys(VIEWS);
/** The sequences that belong to no table. */
const SEQUENCES = ['orchestrator.changes', 'orchestrator.numbers'];

const WRITTEN_OFTEN = Object.entries<Table>(TABLES).flatMap(([name, { isWrittenOften }]) =>
  isWrittenOften === true ? [name] : [],
);
/** What triggers call with the rights of the login that writes. */
const CALLED = [
  ...WRITTEN_OFTEN.map((table) => `broken_check(orchestrator.${table})`),
  ...['sessions', 'tasks'].flatMap((table) => [
    `is_new(orchestrator.${table})`,
    `is_step(orchestrator.${table}, orchestrator.${table})`,
  ]),
  'refuse_row(oid, text, text)',
];
const FUNCTIONS = [
  'refuse_change()',
  'refuse_work()',
  'refuse_agent()',
  'check_new()',
  'check_step()',
  'check_new_event()',
  'check_meta()',
  'check_lease()',
  'check_verdicts()',
  ...CALLED,
];

const without = (columns: Readonly<Record<string, string>>, left: readonly string[]): string =>
  Object.entries(columns)
    .flatMap(([field, column]) => (left.includes(field) ? [] : [column]))
    .join(', ');
/** By columns, so that an agent cannot lock the whole table away from the others either. */
const MOVING_OF_SESSION = [without(COLUMNS.session, FIXED_SESSION_FIELDS), ...Object.values(COLUMNS.nextHead)].join(
  ', ',
);
const MOVING_OF_AGENT = without(COLUMNS.agent, FIXED_AGENT_FIELDS);
const MOVING_OF_TASK = MOVING_TASK_FIELDS.map((field) => COLUMNS.task[field]).join(', ');
/** The id comes from the column's default: an id far ahead would end up in every reader's way. */
const NEW_EVENT = without(COLUMNS.event, ['id']);

/**
 * The rights of each role on each table; only the owner may change the tables themselves. Who may delete from a table
 * may also lock it for itself: an agent can do that to the receipts.
 */
const RIGHTS: readonly (readonly [privileges: string, on: string, to: string])[] = [
  ['USAGE', 'SCHEMA orchestrator', `${APP}, ${READER}`],
  ['SELECT, INSERT', 'orchestrator.sessions, orchestrator.tasks, orchestrator.agents', APP],
  [`UPDATE (${MOVING_OF_SESSION})`, 'orchestrator.sessions', APP],
  [`UPDATE (${MOVING_OF_TASK})`, 'orchestrator.tasks', APP],
  [`UPDATE (${MOVING_OF_AGENT})`, 'orchestrator.agents', APP],
  ['SELECT, INSERT, UPDATE (on_dependency_failure, ended)', 'orchestrator.dependencies', APP],
  ['SELECT, INSERT, DELETE', 'orchestrator.dependency_ends', APP],
  [`SELECT, INSERT (${NEW_EVENT})`, 'orchestrator.event_log', APP],
  ['SELECT, INSERT, DELETE', 'orchestrator.receipts', APP],
  // Locking a row takes the right to update it: a transaction that deletes old receipts passes over those that others
  // delete. Triggers refuse every change, and the deletion of what is not over.
  ['UPDATE (at)', 'orchestrator.receipts', APP],
  // A trigger lets an agent write the clock, and nothing else.
  ['SELECT, UPDATE (value)', 'orchestrator.meta', APP],
  // As by default, unless the owner has taken it from new functions.
  ['EXECUTE', `FUNCTION ${CALLED.map((one) => `orchestrator.${one}`).join(', ')}`, APP],
  ['SELECT', VIEW_NAMES.map((view) => `orchestrator.${view}`).join(', '), APP],
  ['SELECT, USAGE', `SEQUENCE orchestrator.event_log_id_seq, ${SEQUENCES.join(', ')}`, APP],
  ['SELECT', 'ALL TABLES IN SCHEMA orchestrator', READER],
  ['SELECT', `SEQUENCE orchestrator.event_log_id_seq, ${SEQUENCES.join(', ')}`, READER],
];

/** As in every transaction, also when `psql` sends the statements: nothing that a login put into `public` is called. */
const PINNED = `PERFORM pg_catalog.set_config('search_path', '${SEARCH_PATH}', true);`;

const grants = RIGHTS.map(([privileges, on, to]) => `GRANT ${privileges} ON ${on} TO ${to};`);

/** Runs as part of each migration: gives the roles their rights, if they exist. */
export const GRANTS = `DO $grants$ BEGIN
  ${PINNED}
  IF (SELECT count(*) FROM pg_roles WHERE rolname IN ('${OWNER}', '${APP}', '${READER}')) < 3 THEN RETURN; END IF;
  ${grants.join('\n  ')}
END $grants$`;

const RELATIONS = [...Object.keys(TABLES), ...VIEW_NAMES];

/**
 * Makes the roles, if they are not there. The login that runs it needs CREATEROLE, and becomes a member of the owner.
 */
const CREATE: readonly string[] = [OWNER, APP, READER].map(
  (role) => `DO $role$ BEGIN
  ${PINNED}
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role} NOLOGIN; END IF;
END $role$`,
);

/** Objects that were created before the roles become the owner's. */
const TAKE_OVER = `DO $owner$ BEGIN
  ${PINNED}
  EXECUTE format('GRANT CREATE ON DATABASE %I TO ${OWNER}', current_database());
  IF to_regnamespace('orchestrator') IS NOT NULL THEN
    ALTER SCHEMA orchestrator OWNER TO ${OWNER};
${RELATIONS.map((name) => `    ALTER TABLE orchestrator.${name} OWNER TO ${OWNER};`).join('\n')}
${SEQUENCES.map((sequence) => `    ALTER SEQUENCE ${sequence} OWNER TO ${OWNER};`).join('\n')}
${TYPE_NAMES.map((name) => `    ALTER DOMAIN orchestrator.${name} OWNER TO ${OWNER};`).join('\n')}
${FUNCTIONS.map((one) => `    ALTER FUNCTION orchestrator.${one} OWNER TO ${OWNER};`).join('\n')}
    ${grants.join('\n    ')}
  END IF;
END $owner$`;

/** The statements that make the roles and give them their rights, in order; each can be run again. */
export const ROLE_STATEMENTS: readonly string[] = [...CREATE, `GRANT ${OWNER} TO CURRENT_USER`, TAKE_OVER];
