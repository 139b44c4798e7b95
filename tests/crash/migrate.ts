import { openWriter } from '../../packages/storage-sqlite/src/connection.ts';
import { withAdmin } from '../../packages/storage-postgres/test/harness/databases.ts';
import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { newPlace, statement, type Kind } from '../support/stores.ts';
import { operate } from './operation.ts';
import { copyOf, filledStore, pathOf, rowsOf, whole, type Prepare } from './trial.ts';

/** Takes the schema back to what the first migration makes. */
const FIRST_VERSION: Readonly<Record<Kind, string>> = {
  sqlite: `DROP TRIGGER event_log_no_update; DROP TRIGGER event_log_no_delete; DROP TRIGGER event_log_no_replace;
    DROP TRIGGER sessions_own_work; DROP TRIGGER tasks_one_verdict; DROP TRIGGER tasks_excluded;
    PRAGMA user_version = 1`,
  postgres: `DROP FUNCTION orchestrator.refuse_change, orchestrator.refuse_work, orchestrator.refuse_agent,
      orchestrator.check_new_event, orchestrator.check_meta, orchestrator.check_lease,
      orchestrator.check_verdicts, orchestrator.check_new, orchestrator.check_step, orchestrator.refuse_row,
      orchestrator.is_new(orchestrator.sessions), orchestrator.is_new(orchestrator.tasks),
      orchestrator.is_step(orchestrator.sessions, orchestrator.sessions),
      orchestrator.is_step(orchestrator.tasks, orchestrator.tasks) CASCADE;
    ALTER TABLE orchestrator.sessions RESET (fillfactor); ALTER TABLE orchestrator.tasks RESET (fillfactor);
    DELETE FROM orchestrator.meta WHERE key = 'clock'; UPDATE orchestrator.meta SET value = '1' WHERE key = 'schema'`,
};

/** All that a migration makes, in one list. */
const SCHEMA: Readonly<Record<Kind, string>> = {
  sqlite: `SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS made FROM sqlite_schema
    UNION SELECT 'version ' || user_version FROM pragma_user_version ORDER BY made`,
  postgres: `SELECT format('%s %s %s', relkind, relname,
        (SELECT array_agg(o ORDER BY o) FROM unnest(reloptions) o WHERE o LIKE 'fillfactor%')) AS made
      FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'orchestrator')
    UNION SELECT 'function ' || proname FROM pg_proc
      WHERE pronamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'orchestrator')
    UNION SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION SELECT 'right ' || g.grantee || ' ' || g.privilege_type || ' ' || g.table_name
      FROM information_schema.role_table_grants g WHERE g.table_schema = 'orchestrator'
    ORDER BY made`,
};

/** A store that is not there yet: killed, it is there as a whole or not at all. */
export const creation: Prepare = async (kind) => {
  const model = await newPlace(kind);
  const before = await schemaOf(kind, model);
  await operate({ is: 'migrate', store: model });
  const after = await schemaOf(kind, model);
  return async () => {
    const store = await newPlace(kind);
    return {
      operation: { is: 'migrate', store },
      promised: async () => oneOf(await schemaOf(kind, store), before, after),
      done: async () => {
        expect(await schemaOf(kind, store)).toEqual(after);
        expect(await whole(store)).toEqual([]);
      },
    };
  };
};

/** A store of the first version, with work in it: killed, it is of that version or of this one, and its rows stay. */
export const upgrade: Prepare = async (kind) => {
  const { url: model } = await filledStore(kind);
  const after = await schemaOf(kind, model);
  const rows = await rowsOf(model);
  await statement(kind, model, FIRST_VERSION[kind]);
  const before = await schemaOf(kind, model);
  return async () => {
    const store = await copyOf(model);
    return {
      operation: { is: 'migrate', store },
      promised: async () => oneOf(await schemaOf(kind, store), before, after),
      done: async () => {
        expect(await schemaOf(kind, store)).toEqual(after);
        expect(await rowsOf(store)).toEqual(rows);
        await whole(store);
      },
    };
  };
};

type Schema = readonly string[];

function oneOf(found: Schema, before: Schema, after: Schema): 'done' | 'cut off' {
  expect([before, after]).toContainEqual(found);
  return found.length === after.length ? 'done' : 'cut off';
}

async function schemaOf(kind: Kind, url: string): Promise<Schema> {
  if (kind === 'postgres')
    return withAdmin(url, async (sql) =>
      (await sql.unsafe<{ made: string }[]>(SCHEMA.postgres)).map(({ made }) => made),
    );
  if (!existsSync(pathOf(url))) return ['version 0'];
  const db = openWriter(pathOf(url));
  try {
    return db.prepare<[], string>(SCHEMA.sqlite).pluck().all();
  } finally {
    db.close();
  }
}
