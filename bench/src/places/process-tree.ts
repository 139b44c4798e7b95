import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

/** The kernel counts in these on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/** Where the fields of `/proc/PID/stat` are that follow the name, which may contain anything. */
const PARENT = 1;
/** Its own, then those of its children that ended. */
const TICKS = [11, 12, 13, 14] as const;

export function parentOf(pid: number): number {
  return Number(fieldsOf(pid)?.[PARENT]);
}

/** Processor time of a process and of all below it, those that ended included. NaN where the system does not tell. */
export function cpuMsOfTree(root: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  const children = new Map<number, number[]>();
  const ticks = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const fields = Number.isInteger(pid) ? fieldsOf(pid) : null;
    if (fields === null) continue;
    const parent = Number(fields[PARENT]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
    ticks.set(
      pid,
      TICKS.reduce((sum, at) => sum + Number(fields[at]), 0),
    );
  }
  const ofTree = (pid: number): number =>
    (children.get(pid) ?? []).reduce((sum, child) => sum + ofTree(child), ticks.get(pid) ?? 0);
  return ofTree(root) * MS_PER_TICK;
}

/** null: the process has ended, or the system has no such files. */
function fieldsOf(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
