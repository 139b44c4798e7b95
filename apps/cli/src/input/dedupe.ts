/**
 * The dedupe key of a new task, and how long the task holds it, as the API takes both. The API checks them, a time
 * without a key included.
 */
export function dedupeFrom(given: { readonly key?: unknown; readonly while?: unknown }): object {
  if (given.while === undefined) return given.key === undefined ? {} : { dedupeKey: given.key };
  return { dedupe: { key: given.key, while: given.while } };
}
