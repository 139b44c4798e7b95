import type { WriteSet, Loaded, Reader, Scope, Session, Storage, Task } from '@agent-orchestrator/core';
import type { MemoryData } from '@agent-orchestrator/storage-memory';
import { delegate } from '../../src/interleave.ts';
import type { TestClock } from '../../src/index.ts';

/** What a mutant may know of the storage that it breaks. */
export interface Inside {
  readonly data: MemoryData;
  readonly clock: TestClock;
}

/** A storage that breaks one promise: a connection of the storage in memory, wrapped. */
export interface Mutant {
  /** What is wrong with it. */
  readonly name: string;
  /** The chapter that is expected to reject it, asked first. */
  readonly chapter: string;
  readonly wrap: (storage: Storage, inside: Inside) => Storage;
  /** What it loses when it is opened again. */
  readonly lose?: (inside: Inside) => void;
}

/** Asks for something else than the rules asked for. */
export function withScope(change: (scope: Scope, inside: Inside) => Scope): Mutant['wrap'] {
  return (storage, inside) => ({
    ...delegate(storage),
    transact: (scope, decide) => storage.transact(change(scope, inside), decide),
  });
}

/** Shows the rules something else than what is there. */
export function withLoaded(change: (loaded: Loaded, scope: Scope, inside: Inside) => Loaded): Mutant['wrap'] {
  return (storage, inside) => ({
    ...delegate(storage),
    transact: (scope, decide) => storage.transact(scope, (loaded) => decide(change(loaded, scope, inside))),
  });
}

/** Saves something else than what was decided. */
export function withDecision(
  change: <R>(writeSet: WriteSet<R>, loaded: Loaded, scope: Scope) => WriteSet<R>,
): Mutant['wrap'] {
  return (storage) => ({
    ...delegate(storage),
    transact: (scope, decide) => storage.transact(scope, (loaded) => change(decide(loaded), loaded, scope)),
  });
}

/** Reads something else than what is there. */
export function withReader(change: (read: Reader, inside: Inside) => Partial<Reader>): Mutant['wrap'] {
  return (storage, inside) => {
    const changed = (read: Reader): Reader => ({
      session: (namespace, id) => read.session(namespace, id),
      task: (namespace, id) => read.task(namespace, id),
      agent: (namespace, name) => read.agent(namespace, name),
      agents: (filter) => read.agents(filter),
      sessions: (filter) => read.sessions(filter),
      tasks: (filter) => read.tasks(filter),
      questions: (filter) => read.questions(filter),
      events: (filter) => read.events(filter),
      leases: (filter) => read.leases(filter),
      dependencies: (filter) => read.dependencies(filter),
      dependencyEnds: (filter) => read.dependencyEnds(filter),
      histories: (namespace, sessionIds, limit) => read.histories(namespace, sessionIds, limit),
      counts: (namespace, max) => read.counts(namespace, max),
      countsOfSession: (namespace, sessionId, max) => read.countsOfSession(namespace, sessionId, max),
      oldestHeads: (namespace, asked) => read.oldestHeads(namespace, asked),
      nextScheduled: (namespace, after) => read.nextScheduled(namespace, after),
      settledEventId: () => read.settledEventId(),
      namespaces: () => read.namespaces(),
      claimPreview: (scope) => read.claimPreview(scope),
      now: () => read.now(),
      storeState: () => read.storeState(),
      idOfNumber: (namespace, kind, number) => read.idOfNumber(namespace, kind, number),
      snapshot: (use) => read.snapshot((reader) => use(changed(reader))),
      ...change(read, inside),
    });
    return { ...delegate(storage), read: changed(storage.read) };
  };
}

/** Several wrappers, one around the other. */
export function both(...wraps: readonly Mutant['wrap'][]): Mutant['wrap'] {
  return (storage, inside) => wraps.reduce((wrapped, wrap) => wrap(wrapped, inside), storage);
}

/** A decision that was made on rows that may have changed since, made to fit what is there now. */
export function forced<R>(writeSet: WriteSet<R>, { data }: Inside): WriteSet<R> {
  return {
    ...writeSet,
    sessions: writeSet.sessions.map(({ after }) => ({ before: present(data.sessions, after), after })),
    tasks: writeSet.tasks.map(({ after }) => ({ before: present(data.tasks, after), after })),
  };
}

function present<Row extends Session | Task>(rows: ReadonlyMap<string, Row>, { namespace, id }: Row): Row | null {
  return rows.get(`${namespace}\n${id}`) ?? null;
}
