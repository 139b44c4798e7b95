import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import Database from 'better-sqlite3';

/** What a copy does to the names and contents of files beside SQLite's own work. */
const FILE_CALLS = ['openSync', 'mkdirSync', 'linkSync', 'renameSync', 'fsyncSync', 'rmSync'] as const;

/**
 * Tells of each statement that was run, and of each call that makes, names, flushes or removes a file, when it is done:
 * what comes next has not begun. The driver's statements all share one prototype.
 *
 * @param listener told what it was, the same for the like
 */
export function onWriting(listener: (what: string) => void): void {
  const db = new Database(':memory:');
  const statements = Object.getPrototypeOf(db.prepare('SELECT 1')) as Database.Statement;
  db.close();
  // oxlint-disable-next-line typescript/unbound-method -- called on the statement it was taken from
  const { run } = statements;
  statements.run = function (this: Database.Statement, ...values: unknown[]) {
    const result = run.apply(this, values);
    listener(wordsOf(this.source));
    return result;
  };
  // oxlint-disable-next-line typescript/unbound-method -- called on the connection it was taken from
  const { exec } = Database.prototype;
  Database.prototype.exec = function (this: Database.Database, text: string) {
    exec.call(this, text);
    listener(wordsOf(text));
    return this;
  };
  const calls = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of FILE_CALLS) {
    const call = calls[name];
    if (call === undefined) throw new Error(`there is no ${name}`);
    calls[name] = (...args) => {
      const result = call(...args);
      listener(name);
      return result;
    };
  }
  syncBuiltinESMExports();
}

/** The first words of a statement. */
function wordsOf(text: string): string {
  return /^(INSERT INTO \w+|\w+( \w+)?)/.exec(text)?.[0] ?? text;
}
