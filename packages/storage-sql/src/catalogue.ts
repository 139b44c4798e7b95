import { OrchestratorError } from '@agent-orchestrator/core';

/** What a database is made of: each part by its name, with a text that says all that matters of it. */
export type Catalogue = ReadonlyMap<string, string>;

/** Enough to undo what another program that was started on the store by mistake did to it. */
const NAMED_MAX = 20;

/**
 * Refuses a store that is not made of just what its migrations make: one that lacks the triggers that guard the log,
 * say, or has another program's.
 *
 * @param place which store, in the text of the error
 * @throws `STORE_ALTERED`, which names what is more, less or other than it should be
 */
export function assertSameCatalogue(place: string, found: Catalogue, expected: Catalogue): void {
  const more = [...found.keys()].filter((name) => !expected.has(name));
  const missing = [...expected.keys()].filter((name) => !found.has(name));
  const other = [...expected].filter(([name, text]) => found.has(name) && found.get(name) !== text);
  const said = [
    ...named('It has', more),
    ...named('It lacks', missing),
    ...named(
      'Another form has',
      other.map(([name]) => name),
    ),
  ];
  if (said.length === 0) return;
  throw new OrchestratorError(
    'STORE_ALTERED',
    `The tables of ${place} are not those that this version makes. ${said.join(' ')}`,
  );
}

function named(what: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const further = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : '';
  return [`${what}: ${names.slice(0, NAMED_MAX).join(', ')}${further}.`];
}
