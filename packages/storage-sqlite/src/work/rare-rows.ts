import type { WriteSet } from '@agent-orchestrator/core';

/** Kinds of rows that most stores have none of. */
export type RareRows = 'agents' | 'dependencies' | 'dependencyEnds' | 'subtasks' | 'scheduled' | 'returning';

/**
 * Whether a store has rows of a kind, in any namespace; those that were not asked for are missing. As long as there are
 * none, none is looked for in a namespace: a claim and its release ask six times.
 */
export type KnownRows = Readonly<Partial<Record<RareRows, boolean>>>;

/** What is known after other processes have written: they may have added any, and seldom take away the last. */
export function knownAfterOthers(known: KnownRows): KnownRows {
  return Object.fromEntries(Object.entries(known).filter(([, has]) => has));
}

/** What is known after a decision was saved. Rows that it takes away are not counted, so there may be none left. */
export function knownAfter(known: KnownRows, writeSet: WriteSet<unknown>): KnownRows {
  const { agents, dependencies = [], endedDependencies = [], tasks } = writeSet;
  let added: { -readonly [Kind in RareRows]?: true } | null = null;
  if (agents.length > 0) (added ??= {}).agents = true;
  if (dependencies.length > 0) (added ??= {}).dependencies = true;
  if (endedDependencies.length > 0) (added ??= {}).dependencyEnds = true;
  for (const { after } of tasks) {
    if (after.parentId !== null) (added ??= {}).subtasks = true;
    if (after.status === 'scheduled') (added ??= {}).scheduled = true;
    if (after.returnAt !== null) (added ??= {}).returning = true;
  }
  return added === null ? known : { ...known, ...added };
}
