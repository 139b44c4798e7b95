/** Between the statements of a migration. */
const BREAKPOINT = '--> statement-breakpoint';
const VIEW = /^CREATE VIEW [`"]?(\w+)/u;
const TRIGGER = /^CREATE TRIGGER [^;]*? ON [`"]?(\w+)/u;
const NAME = /^CREATE \w+ [`"]?(\w+)/u;
const DROPPED = /^DROP TABLE [`"]?(\w+)/u;
const COMMENTS = /^(?:\s*--(?!>)[^\n]*\n)*\s*/u;

/**
 * Completes a migration of SQLite that makes a table anew, as drizzle-kit writes it where a CHECK changes. Views cannot
 * name a table that is away for a moment, and a table loses its triggers with itself: what earlier migrations made of
 * both is made once more.
 *
 * @param migration its text
 * @param earlier the texts of those before it, in their order
 */
export function completeRebuild(migration: string, earlier: readonly string[]): string {
  const dropped = new Set(statementsOf(migration).flatMap((one) => DROPPED.exec(one)?.[1] ?? []));
  if (dropped.size === 0) return migration;
  const before = earlier.flatMap(statementsOf);
  const views = latest(before, VIEW);
  const triggers = latest(before, TRIGGER).filter((one) => dropped.has(TRIGGER.exec(one)?.[1] ?? ''));
  const parts = [
    ...views.map((one) => `DROP VIEW \`${VIEW.exec(one)?.[1]}\`;`),
    migration.trim(),
    ...views,
    ...triggers,
  ];
  return `${parts.join(`\n${BREAKPOINT}\n`)}\n`;
}

function statementsOf(text: string): string[] {
  return text.split(BREAKPOINT).map((one) => one.replace(COMMENTS, '').trim());
}

/** Of statements that make the same thing, the last one. */
function latest(statements: readonly string[], form: RegExp): string[] {
  const named = new Map<string, string>();
  for (const one of statements) {
    const [, name = ''] = NAME.exec(one) ?? [];
    if (form.test(one)) named.set(name, one);
  }
  return [...named.values()];
}
