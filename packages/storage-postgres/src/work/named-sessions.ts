import type { EndedLease, Event, LeaseEffect, NamedSession, SessionRef } from '@agent-orchestrator/core';
import { FIELDS, unique, type ScopePlan } from '@agent-orchestrator/storage-sql';
import type { Answer } from '../connection.ts';
import { rowAt } from '../rows.ts';
import { query, type StatementBatch } from '../server/statement-batch.ts';
import { SQL } from '../statements.ts';

/** What the scopes of one namespace name, each by its id, its fence or a task of it. */
export class NamedSessions {
  readonly #namespace: string;
  readonly #ids: readonly string[];
  readonly #fences: readonly number[];
  readonly #tasks: readonly string[];
  readonly #related: readonly string[];
  #grants: ReadonlyMap<number, Event> = new Map();
  readonly #endedLeases = new Map<number, EndedLease>();

  constructor(namespace: string, plans: readonly ScopePlan[]) {
    const refs = plans.flatMap((plan) => plan.refs);
    this.#namespace = namespace;
    this.#ids = unique([...plans.flatMap(({ sessionIds }) => sessionIds), ...idsIn(refs)]);
    this.#fences = unique(fencesIn(refs));
    this.#tasks = unique(plans.flatMap(({ withTheirSessions, taskIds }) => (withTheirSessions ? taskIds : [])));
    this.#related = unique(plans.flatMap(({ related }) => related));
  }

  get some(): boolean {
    return this.#ids.length + this.#fences.length + this.#tasks.length + this.#related.length > 0;
  }

  /** The tasks of which only the sessions are locked. */
  get related(): readonly string[] {
    return this.#related;
  }

  /** Ids, fences and tasks, as parameters of `SQL.lockSessions` and `SQL.read`. */
  get values(): readonly [ids: readonly string[], fences: readonly number[], tasks: readonly string[]] {
    return [this.#ids, this.#fences, this.#tasks];
  }

  /** Reads which sessions the fences name. */
  readGrants(batch: StatementBatch): void {
    if (this.#fences.length === 0) return;
    batch.add(query(SQL.grants, this.#namespace, this.#fences), (answer) => {
      this.#grants = new Map(eventsOf(answer).map((grant) => [grant.fence ?? 0, grant]));
    });
  }

  /** The session that a reference names, whether it is there or not; null: no lease ever had this fence. */
  idOf(ref: SessionRef): string | null {
    return 'sessionId' in ref ? ref.sessionId : (this.#grants.get(ref.fence)?.sessionId ?? null);
  }

  /** The sessions that references name, each once. */
  idsOf(refs: readonly SessionRef[]): readonly string[] {
    return unique(refs.flatMap((ref) => this.idOf(ref) ?? []));
  }

  /** Reads how a lease ended and what came after, unless it is the present one. */
  readEndedLease(batch: StatementBatch, ref: SessionRef, presentFence: (sessionId: string) => number | null): void {
    if ('sessionId' in ref) return;
    const grant = this.#grants.get(ref.fence);
    if (grant === undefined || grant.sessionId === null || presentFence(grant.sessionId) === ref.fence) return;
    batch.add(query(SQL.leaseEvents, this.#namespace, grant.sessionId, ref.fence), (answer) => {
      const events = eventsOf(answer);
      const withEffect = (effect: LeaseEffect) => events.find(({ leaseEffect }) => leaseEffect === effect) ?? null;
      const end = withEffect('ended');
      if (end === null) return;
      const refused = withEffect('refused') !== null;
      this.#endedLeases.set(ref.fence, { grant, end, successor: withEffect('granted'), refused });
    });
  }

  /** What each of the references is; null: nothing. */
  named(refs: readonly SessionRef[], isThere: (sessionId: string) => boolean): (NamedSession | null)[] {
    return refs.map((ref) => {
      const sessionId = this.idOf(ref);
      if (sessionId === null || !isThere(sessionId)) return null;
      return { sessionId, endedLease: 'fence' in ref ? (this.#endedLeases.get(ref.fence) ?? null) : null };
    });
  }
}

/** Ids and fences, as parameters of `SQL.waiting`. */
export function valuesOfRefs(
  refs: readonly SessionRef[],
): readonly [ids: readonly string[], fences: readonly number[]] {
  return [idsIn(refs), fencesIn(refs)];
}

function idsIn(refs: readonly SessionRef[]): string[] {
  return refs.flatMap((ref) => ('sessionId' in ref ? ref.sessionId : []));
}

function fencesIn(refs: readonly SessionRef[]): number[] {
  return refs.flatMap((ref) => ('fence' in ref ? ref.fence : []));
}

function eventsOf(answer: Answer): Event[] {
  return answer.map((row) => rowAt<Event>(FIELDS.event, row));
}
