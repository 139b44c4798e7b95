import type Database from 'better-sqlite3';
import { OrchestratorError } from '@agent-orchestrator/core';
import { acceptedId, idsInstead } from './names.ts';
import type { OldValue } from './old-value.ts';

/** Sessions and tasks have ids of their own; a session may have the id of a task. */
export type IdKind = 'session' | 'task';

export interface OldId {
  /** Unique among all old ids, even if two look the same. */
  readonly key: string;
  readonly value: OldValue;
}

const PAGE = 1_000;

/**
 * The new id of each old one; no two get the same. An id that does not change is never given to another one. A changed
 * id is the same at every import of the same file.
 */
export class NewIds {
  readonly #take: Database.Statement<[IdKind, string, string]>;
  readonly #of: Database.Statement<[IdKind, string], string>;
  readonly #refuse: Database.Statement<[IdKind, string, OldValue]>;
  readonly #refused: Database.Statement<[IdKind, string], OldId>;

  constructor(temporary: Database.Database) {
    temporary.exec(`CREATE TABLE new_ids (kind TEXT, id TEXT, key TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID;
      CREATE INDEX new_ids_key ON new_ids (kind, key);
      CREATE TABLE refused_ids (kind TEXT, key TEXT, value, PRIMARY KEY (kind, key)) WITHOUT ROWID`);
    this.#take = temporary.prepare('INSERT INTO new_ids (kind, id, key) VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
    this.#of = temporary.prepare<[IdKind, string], string>('SELECT id FROM new_ids WHERE kind = ? AND key = ?').pluck();
    this.#refuse = temporary.prepare(
      'INSERT INTO refused_ids (kind, key, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    );
    this.#refused = temporary.prepare(
      `SELECT key, value FROM refused_ids WHERE kind = ? AND key > ? ORDER BY key LIMIT ${PAGE}`,
    );
  }

  /** Assigns new ids to all old ids of a kind. */
  assign(kind: IdKind, old: Iterable<OldId>): void {
    for (const { key, value } of old) {
      const id = acceptedId(value);
      if (id !== null && id === value) this.#take.run(kind, id, key);
      else this.#refuse.run(kind, key, value);
    }
    // A connection that reads row by row cannot write meanwhile, so the refused ones come in pages.
    for (let page = this.#refused.all(kind, ''); page.length > 0; page = this.#refused.all(kind, lastKeyOf(page)))
      for (const refused of page) this.#takeFirstFree(kind, refused);
  }

  /** @throws `INTERNAL` for an id that was not assigned */
  of(kind: IdKind, key: string): string {
    const id = this.#of.get(kind, key);
    if (id === undefined) throw new OrchestratorError('INTERNAL', `The ${kind} with the key ${key} has no new id.`);
    return id;
  }

  #takeFirstFree(kind: IdKind, { key, value }: OldId): void {
    const normal = acceptedId(value);
    const candidates = [...(normal === null ? [] : [normal]), ...idsInstead(value, key)];
    if (!candidates.some((id) => this.#take.run(kind, id, key).changes === 1))
      throw new OrchestratorError('INTERNAL', `There is no free id for the ${kind} with the key ${key}.`);
  }
}

function lastKeyOf(page: readonly OldId[]): string {
  return page.at(-1)?.key ?? '';
}
