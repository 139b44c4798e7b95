/** Between the statements of a migration. */
const BREAKPOINT = '--> statement-breakpoint';
const VIEW = /^CREATE VIEW [`"]?(\w+)/u;
const TRIGGER = /^CREATE TRIGGER [^;]*? ON [`"]?(\w+)/u;
const NAME = /^CREATE \w+ [`"]?(\w+)/u;
const DROPPED = /^DROP TABLE [`"]?(\w+)/u;
const COMMENTS = /^(?:\s*--(?!>)[^\n]*\n)*\s*/u;

/**
 * Completes a migration of SQLite that drizzle-kit wrote. Tables are STRICT, and without row numbers if no number names
 * their rows. Views that have changed are made anew. Where a CHECK changes, drizzle-kit makes the table anew. Views
 * cannot name a table that is away for a moment, and a table loses its triggers with itself: both are made once more.
 *
 * @param migration its text
 * @param earlier the texts of those before it, in their order
 * @param views the texts of all views, by their names
 */
export function completeMigration(
  migration: string,
  earlier: readonly string[],
  views: Readonly<Record<string, string>>,
): string {
  const dropped = new Set(statementsOf(migration).flatMap((one) => DROPPED.exec(one)?.[1] ?? []));
  const before = earlier.flatMap(statementsOf);
  const made = latest(before, VIEW);
  const wanted = new Map(Object.entries(views).map(([name, text]) => [name, `CREATE VIEW \`${name}\` AS\n${text};`]));
  const outdated = (name: string): boolean => dropped.size > 0 || made.get(name) !== wanted.get(name);
  const triggers = [...latest(before, TRIGGER).values()].filter((one) => dropped.has(TRIGGER.exec(one)?.[1] ?? ''));
  const parts = [
    ...[...made.keys()].filter(outdated).map((name) => `DROP VIEW \`${name}\`;`),
    strict(migration).trim(),
    ...[...wanted].flatMap(([name, statement]) => (outdated(name) ? [statement] : [])),
    ...triggers,
  ];
  return `${parts.join(`\n${BREAKPOINT}\n`)}\n`;
}

function strict(migration: string): string {
  return migration.replaceAll(/^(CREATE TABLE [^;]*\n\));/gmu, (_, table: string) =>
    /`(?:number|id)` integer PRIMARY KEY/u.test(table) ? `${table} STRICT;` : `${table} STRICT, WITHOUT ROWID;`,
  );
}

function statementsOf(text: string): string[] {
  return text.split(BREAKPOINT).map((one) => one.replace(COMMENTS, '').trim());
}

/** Of statements that make the same thing, the last one, by its name. */
function latest(statements: readonly string[], form: RegExp): Map<string, string> {
  const named = new Map<string, string>();
  for (const one of statements) {
    const [, name = ''] = NAME.exec(one) ?? [];
    if (form.test(one)) named.set(name, one);
  }
  return named;
}
