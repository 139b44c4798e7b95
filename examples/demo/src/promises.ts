import type { EventRecord, Verification } from '@agent-orchestrator/core';
import { digestOf, START } from './hash-folder.ts';
import { handovers, isResumption, readLog, type TaskStory } from './read-log.ts';

export interface Checked {
  readonly filesDoneTwice: number;
  readonly filesLeftOut: number;
  /** The promises that do not hold, one sentence each. */
  readonly broken: readonly string[];
}

/** Checks the promises of the demo, on the event log alone. */
export function checkPromises(
  events: readonly EventRecord[],
  verification: Pick<Verification, 'ok' | 'findings'>,
): Checked {
  const stories = readLog(events);
  const filesDoneTwice = count(
    stories,
    ({ files, leases }) => doneOf(leases).length - new Set(doneOf(leases)).size + strangers(files, leases),
  );
  const filesLeftOut = count(
    stories,
    ({ files, leases }) => files.filter((file) => !doneOf(leases).includes(file)).length,
  );
  const promises: readonly (readonly [promise: string, kept: boolean])[] = [
    ['there is work to do', stories.length > 0],
    ['every task succeeds, once', stories.every(({ results }) => results.length === 1)],
    ['no file is done twice', filesDoneTwice === 0],
    ['no file is left out', filesLeftOut === 0],
    ['each result follows from the files in their order', stories.every(hasRightResult)],
    [
      "a dead agent's task is taken over by another agent, which continues after the last checkpoint",
      isTakenOver(stories),
    ],
    ['the restarted agent resumes its other session before the lease is over', isResumed(stories)],
    ['a late write under a lease that is over is refused, and changes nothing', isRefused(events, stories)],
    [`the state matches the log (${verification.findings[0]?.message ?? 'verified'})`, verification.ok],
  ];
  return { filesDoneTwice, filesLeftOut, broken: promises.filter(([, kept]) => !kept).map(([promise]) => promise) };
}

function count(stories: readonly TaskStory[], of: (story: TaskStory) => number): number {
  return stories.reduce((sum, story) => sum + of(story), 0);
}

function doneOf(leases: TaskStory['leases']): string[] {
  return leases.flatMap(({ done }) => done.map(({ file }) => file));
}

/** Files that were done, but that the task does not name. */
function strangers(files: readonly string[], leases: TaskStory['leases']): number {
  return doneOf(leases).filter((file) => !files.includes(file)).length;
}

function hasRightResult({ files, leases, results }: TaskStory): boolean {
  const done = leases.flatMap((lease) => lease.done);
  const digest = done.reduce((before, { file, sha256 }) => digestOf(before, file, sha256), START.digest);
  const inOrder = done.every(({ file, position }, at) => position === at + 1 && file === files[at]);
  return inOrder && results[0]?.digest === digest && results[0].files === files.length;
}

function isTakenOver(stories: readonly TaskStory[]): boolean {
  return handovers(stories).some(({ lost, next }) => {
    const last = lost.done.at(-1);
    const first = next.done[0];
    return (
      lost.agent !== next.agent && last !== undefined && first !== undefined && first.position === last.position + 1
    );
  });
}

function isResumed(stories: readonly TaskStory[]): boolean {
  return handovers(stories).some((handover) => {
    const { lost, lostAt, next } = handover;
    const { expires_at: expiresAt } = lostAt.payload as { expires_at: number };
    const continues = next.done[0]?.position === (lost.done.at(-1)?.position ?? 0) + 1;
    return isResumption(handover) && lost.agent === next.agent && lostAt.at < expiresAt && continues;
  });
}

function isRefused(events: readonly EventRecord[], stories: readonly TaskStory[]): boolean {
  return handovers(stories).some(({ lost, lostAt }) => {
    const after = events.filter(
      (event) => event.sessionId === lostAt.sessionId && event.fence === lost.fence && event.id > lostAt.id,
    );
    return after.length === 1 && after[0]?.type === 'lease.refused';
  });
}
