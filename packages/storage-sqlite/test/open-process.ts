import type { OpenProcess } from '@agent-orchestrator/storage-conformance/processes';
import Database from 'better-sqlite3';
import { openSqliteStorage } from '../src/index.ts';

/**
 * How the processes of a run open the store: as any program does, with the machine's clock. The address is its path.
 */
export const open: OpenProcess['open'] = (address) => openSqliteStorage({ path: address });

/** Of each transaction, before its COMMIT is run: the driver's statements all share one prototype. */
export const onCommitting: OpenProcess['onCommitting'] = (listener) => {
  const db = new Database(':memory:');
  const statements = Object.getPrototypeOf(db.prepare('SELECT 1')) as Database.Statement;
  db.close();
  // oxlint-disable-next-line typescript/unbound-method -- called on the statement it was taken from
  const { run } = statements;
  statements.run = function (this: Database.Statement, ...values: unknown[]) {
    if (this.source === 'COMMIT') listener();
    return run.apply(this, values);
  };
};
