import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { Failure } from '../failure.ts';
import type { AgentHost, Place } from './host.ts';

/** Where installers put a host, also if the shell does not look there. */
const USUAL_FOLDERS = ['.local/bin', '.claude/local', '.npm-global/bin', '.bun/bin'] as const;

/** The path of a host's program; null: it is not on this machine. */
export function findHost({ executable }: AgentHost, { env, home }: Place): string | null {
  const folders = [
    ...(env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder)),
    ...USUAL_FOLDERS.map((folder) => join(home, folder)),
  ];
  return folders.map((folder) => join(folder, executable)).find(isProgram) ?? null;
}

/** @throws `HOST_NOT_FOUND` */
export function requireHost(host: AgentHost, place: Place): string {
  const program = findHost(host, place);
  if (program !== null) return program;
  throw new Failure('HOST_NOT_FOUND', `${host.title} was not found: no program \`${host.executable}\` on the PATH.`, {
    hint: 'Install it, or add its folder to the PATH; then try again.',
  });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
