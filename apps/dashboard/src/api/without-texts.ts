/** The fields of answers that have what users and agents wrote. Titles and kinds are shown: they name the tasks. */
const TEXTS: ReadonlySet<string> = new Set([
  'payload',
  'result',
  'error',
  'context',
  'card',
  'text',
  'nextAction',
  'note',
  'question',
  'answer',
]);

/** An answer without what users and agents wrote. */
export function withoutTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTexts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, TEXTS.has(name) ? null : withoutTexts(one)]),
  );
}
