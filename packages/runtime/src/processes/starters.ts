import { readlinkSync } from 'node:fs';
import { readText, type ProcessEntry } from './process-table.ts';

const SHELLS: ReadonlySet<string> = new Set(['sh', 'ash', 'bash', 'dash', 'zsh', 'fish', 'ksh', 'busybox', 'env']);
/** What a program reads and writes by default. */
const STANDARD = [0, 1] as const;

/**
 * Whether a process only starts what a host wants to run: it has handed its own pipe to us, as npx, pnpm, a shim of a
 * version manager and every other wrapper does, while a host keeps the other end; or it is a shell with one command
 * line, or npm. A person's own shell is none, and neither is a host.
 */
export function isStarter({ pid, program }: Pick<ProcessEntry, 'pid'> & { readonly program: string }): boolean {
  if (STANDARD.some((file) => hasOurPipe(pid, file))) return true;
  const [title = '', ...words] = (readText(`/proc/${pid}/cmdline`) ?? '').split('\0');
  if (/^(?:npm|npx) /u.test(title) || program.startsWith('npm ')) return true;
  return SHELLS.has(program) && words.some((word) => /^-[a-z]*c$/u.test(word));
}

function hasOurPipe(pid: number, file: number): boolean {
  const ours = pipeOf('self', file);
  return ours !== null && pipeOf(pid, file) === ours;
}

/** Names one end of a pipe or of a pair of sockets; null: it is something else, which unrelated programs share. */
function pipeOf(pid: number | 'self', file: number): string | null {
  try {
    const name = readlinkSync(`/proc/${pid}/fd/${file}`);
    return /^(?:pipe|socket):/u.test(name) ? name : null;
  } catch {
    return null;
  }
}
