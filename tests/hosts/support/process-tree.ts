import { readdirSync, readFileSync } from 'node:fs';

interface OneProcess {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** The processes below one, with it. */
export function below(root: number): OneProcess[] {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/u.test(name) ? (processOf(Number(name)) ?? []) : []));
  const found = new Set([root]);
  for (const pid of found) for (const one of all) if (one.parent === pid) found.add(one.pid);
  return all.filter(({ pid }) => found.has(pid));
}

function processOf(pid: number): OneProcess | null {
  try {
    const [, parent = '0'] = /^PPid:\s*(\d+)$/mu.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return { pid, parent: Number(parent), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') };
  } catch {
    return null;
  }
}
