import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

/** The kernel counts in these on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/** Where the fields of `/proc/PID/stat` are that follow the name, which may contain anything. */
const PARENT = 1;
const TICKS = [11, 12] as const;
const TICKS_OF_ENDED_CHILDREN = [13, 14] as const;

export function parentOf(pid: number): number {
  return Number(fieldsOf(pid)?.[PARENT]);
}

/** Processor time of a process, of its children, and of those that ended. NaN where the system does not tell. */
export function cpuMsOfTree(root: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  let ticks = 0;
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    const fields = Number.isInteger(pid) ? fieldsOf(pid) : null;
    if (fields === null) continue;
    const counted =
      pid === root ? [...TICKS, ...TICKS_OF_ENDED_CHILDREN] : Number(fields[PARENT]) === root ? TICKS : [];
    for (const at of counted) ticks += Number(fields[at]);
  }
  return ticks * MS_PER_TICK;
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
