/*
 * Differs: a server parses the CHECKs of a table anew for each statement that writes to it, and compiles what they say
 * anew. On tables that each command writes (`isWrittenOften`), that took more than all else that the statement does. So
 * there, a function says which check a row breaks, and a trigger that looks at each row asks it: a session keeps the
 * plan of a function. What is refused has the code, the message and the names that the server gives to a CHECK. Where
 * the checks are few and short, a CHECK costs no more than the call of a trigger.
 *
 * The body of the function is SQL that is parsed when the function is made, as that of a CHECK is. So whatever search
 * path a login has chosen, no operator or function of its own is called.
 */
import { storedColumns, type Table } from '../src/table.ts';
import { TABLES } from '../src/tables.ts';
import { checksOf } from './checks.ts';

/** The statement that makes the function of each table which is written often, by the signature of the function. */
export const BROKEN_CHECKS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries<Table>(TABLES).flatMap(([name, table]) => {
    const signature = `"orchestrator"."broken_check"(written "orchestrator"."${name}")`;
    return table.isWrittenOften === true ? [[signature, textOf(signature, name, table)]] : [];
  }),
);

/** In the order in which a server looks at CHECKs. One that is neither true nor false is not broken. */
function textOf(signature: string, name: string, table: Table): string {
  const checks = Object.entries(checksOf('postgres', name, table)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const columns = new Set(storedColumns('postgres', table).map(([column]) => column));
  const ofRow = (check: string): string =>
    check.replaceAll(/'[^']*'|[a-z]\w*/g, (part) => (columns.has(part) ? `written.${part}` : part));
  const cases = checks.map(([check, text]) => `  WHEN NOT (${ofRow(text)}) THEN '${check}'`);
  return `CREATE FUNCTION ${signature} RETURNS text IMMUTABLE PARALLEL SAFE\nRETURN CASE\n${cases.join('\n')}\nEND;`;
}
