import type { ProcessIdentity } from '@agent-orchestrator/core';
import { seesOwnProcesses } from './own-process.ts';
import { programOf, readProcess } from './process-table.ts';

/** A living process above this one. With its start, the pid names one process for ever. */
export interface Ancestor extends Pick<ProcessIdentity, 'pid' | 'start'> {
  /** The file name of its program. */
  readonly program: string;
}

/** More are not looked at: a table that changes meanwhile could lead in a circle. */
const ANCESTORS_MAX = 64;

/** The processes above this one, the nearest first, as far as they are seen. */
export function ancestorsOf(pid = process.ppid): Ancestor[] {
  const found: Ancestor[] = [];
  if (!seesOwnProcesses()) return found;
  for (let next = pid; next > 0 && found.length < ANCESTORS_MAX;) {
    const entry = readProcess(next);
    if (entry === null) break;
    found.push({ pid: next, start: entry.start, program: programOf(entry) });
    next = entry.parent;
  }
  return found;
}
