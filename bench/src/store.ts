import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { openOrchestrator } from '@agent-orchestrator/runtime';

/** Whether a commit survives a power cut. */
export type Synchronous = 'FULL' | 'NORMAL';

export type Orchestrator = Awaited<ReturnType<typeof openOrchestrator>>;

export const BATCH = 1_000;

export function openOurs(path: string, synchronous: Synchronous): Promise<Orchestrator> {
  return openOrchestrator(`sqlite:${path}`, { synchronous });
}

/** What each task carries: about what a worker needs to find its file. */
export function taskAt(position: number): { title: string; payload: { path: string; lines: number; mode: string } } {
  return {
    title: `Count the lines of file ${position}`,
    payload: { path: `packages/core/src/file-${position}.ts`, lines: position, mode: 'count' },
  };
}

export function batchOfTasks(): ReturnType<typeof taskAt>[] {
  return Array.from({ length: BATCH }, (_, position) => taskAt(position));
}

/** Makes a store with at least so many tasks, each in a session of its own, through the product itself. */
export async function seedStore(path: string, tasks: number): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  await using orchestrator = await openOurs(path, 'NORMAL');
  for (let done = 0; done < tasks; done += BATCH) await orchestrator.enqueueTasks(batchOfTasks());
}

/** A closed store is one file: its log was moved into it by the last connection. */
export function copyStore(from: string, to: string): string {
  copyFileSync(from, to);
  return to;
}

export function removeStore(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}
