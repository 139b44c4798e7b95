import { homedir } from 'node:os';
import { isAbsolute, resolve, sep } from 'node:path';
import { COMPANIONS, isCompanionName, OrchestratorError } from '@agent-orchestrator/core';
import { BUILT_IN_SCHEMES } from './built-in-schemes.ts';
import { currentFolder } from './current-folder.ts';
import type { Environment } from './environment.ts';

/*
 * The one parser of paths. A path comes from a flag, a variable, a file or a store URL, and no shell has looked at most
 * of them. What a shell would have changed is done here or refused: else two agents with the same setting would use
 * two stores, each one below its own current folder.
 */

export interface PathOptions {
  /** The folder that a relative path starts from; the current folder by default. */
  readonly folder?: string;
  readonly env?: Environment;
  /** The error for a text that is no path. It completes the sentence `The path …`. */
  readonly refuse: (problem: string) => OrchestratorError;
}

/**
 * Makes a path absolute. `~` and `~/…` start from the home folder, other relative paths from the folder.
 *
 * @throws what `refuse` makes; `CONFIG_INVALID` if the path starts from the home folder, and HOME names none
 */
export function absolutePath(text: string, { folder = currentFolder(), env, refuse }: PathOptions): string {
  const problem = pathProblem(text);
  if (problem !== null) throw refuse(problem);
  const resolved = resolvedPath(text, { folder, env, refuse });
  const bytes = bytesProblem(resolved);
  if (bytes !== null) throw refuse(bytes);
  return resolved;
}

/** Bytes that are not UTF-8 come as U+FFFD, also those of the current folder. Another path would be opened. */
function bytesProblem(path: string): string | null {
  return path.includes('\uFFFD') ? 'is not valid UTF-8' : null;
}

function resolvedPath(
  text: string,
  { folder, env, refuse }: Required<Pick<PathOptions, 'folder' | 'refuse'>> & Pick<PathOptions, 'env'>,
): string {
  if (text === '~' || text.startsWith('~/') || text.startsWith(`~${sep}`))
    return resolve(homeFolder(env), text.slice(2));
  if (!isAbsolute(text) && folder === '') throw refuse('is relative, and the current folder was deleted');
  return resolve(folder, text);
}

/** The absolute path of an argument. @throws `INVALID_INPUT`, `CONFIG_INVALID` */
export function pathOfArgument(text: string, field: string): string {
  const refuse = (problem: string) => new OrchestratorError('INVALID_INPUT', `The path ${problem}.`, { field });
  return absolutePath(text, { refuse });
}

/** The absolute path of a file that is to be written. @throws as `pathOfArgument` */
export function pathOfOutput(text: string, field: string): string {
  const path = pathOfArgument(text, field);
  if (!isCompanionName(path)) return path;
  throw new OrchestratorError('INVALID_INPUT', 'The path has a name that SQLite gives to a file beside a store.', {
    field,
    hint: `Use a name that does not end in ${COMPANIONS.join(', ')}.`,
  });
}

/** The absolute path in a variable. @throws `CONFIG_INVALID` */
export function pathOfVariable(text: string, name: string, env: Environment): string {
  const refuse = (problem: string) => new OrchestratorError('CONFIG_INVALID', `The path in ${name} ${problem}.`);
  return absolutePath(text, { env, refuse });
}

/**
 * The home folder of this user. Without HOME, it is what the system says. An empty or relative HOME is refused: each
 * current folder would get a configuration and a store of its own.
 *
 * @throws `CONFIG_INVALID`
 */
export function homeFolder(env: Environment = process.env): string {
  const home = env['HOME'] ?? homedir();
  const problem = pathProblem(home) ?? bytesProblem(home);
  if (isAbsolute(home) && problem === null) return home;
  throw new OrchestratorError(
    'CONFIG_INVALID',
    `The variable HOME ${home === '' ? 'is empty' : (problem ?? 'is not an absolute path')}.`,
    { hint: "Set HOME to this user's home folder, or unset it: then the system's own entry for the user counts." },
  );
}

/** A line that was copied, or one of a file of variables, has them. */
const AT_AN_END = /^[\s\u00AD\u200B-\u200F\u2060]|[\s\u00AD\u200B-\u200F\u2060]$/u;

/**
 * No slash has to follow. What has a scheme and a password would be shown, and become the name of a file; `file:b.db`
 * would be a new file beside the one that was meant. A file of such a name is written `./file:b.db`.
 */
const KNOWN_SCHEME = new RegExp(`^(?:${[...BUILT_IN_SCHEMES, 'file', 'https?', ':memory'].join('|')}):`, 'iu');

function pathProblem(text: string): string | null {
  if (text.trim() === '') return 'is empty';
  if (text.startsWith('\uFEFF')) return 'begins with a byte order mark';
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001F\u007F]/u.test(text)) return 'contains a control character';
  if (AT_AN_END.test(text)) return 'begins or ends with a blank or an invisible character';
  if (/^(["']).*\1$/u.test(text)) return 'is quoted; write it without the quotes';
  if (KNOWN_SCHEME.test(text) || /^[A-Za-z][A-Za-z0-9+.-]+:\/|:\/\//u.test(text))
    return 'is a URL; write the path alone';
  if (/^~[^/\\]/u.test(text)) return 'begins with ~ and a name; write the home folder in full';
  if (/^\$(?:\{|[A-Za-z_])/u.test(text)) return 'begins with a variable that no shell has replaced';
  if (/\$\{[A-Za-z_]\w*\}/u.test(text)) return 'contains a variable that no shell has replaced';
  return null;
}
