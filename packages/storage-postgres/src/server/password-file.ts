import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { OrchestratorError } from '@agent-orchestrator/core';
import type { ServerAddress } from './server-address.ts';

/*
 * Where a password is found that the URL does not have: in the places that PostgreSQL's own programs look at, in their
 * order. So it need not stand in a command line, which all users of the machine can read.
 */

type Target = Pick<ServerAddress, 'host' | 'port' | 'socketFolder' | 'user' | 'database' | 'password'>;
type Environment = Readonly<Record<string, string | undefined>>;

/** The folder of the socket that PostgreSQL's programs call `localhost`. */
const USUAL_FOLDERS: ReadonlySet<string> = new Set(['/tmp', '/var/run/postgresql', '/run/postgresql']);
const OTHERS = 0o077;

/**
 * The password: that of the URL, else `PGPASSWORD`, else that of the first line that fits in the file that `PGPASSFILE`
 * names, or in `~/.pgpass`.
 *
 * @throws `STORE_PERMISSION` for a file that others can read; `STORE_LOGIN_REFUSED` if there is none: a server that
 * asks for a password accepts no empty one
 */
export function passwordOf(target: Target, env: Environment = process.env): string {
  const known = target.password || env['PGPASSWORD'];
  if (known) return known;
  const { path, text, lack } = readPasswordFile(env);
  const found = text === null ? null : passwordIn(text, target);
  if (found) return found;
  const why = lack ?? `The password file ${path} has no password for this server, database and user.`;
  throw new OrchestratorError('STORE_LOGIN_REFUSED', `The server asks for a password, and there is none. ${why}`, {
    hint:
      'Name a file of mode 600 in PGPASSFILE, with a line host:port:database:user:password. ' +
      'Or set PGPASSWORD, or give the password in the store URL.',
  });
}

/**
 * The text of a password file for this login. What counts now for other logins follows: `PGPASSWORD`, or the lines of
 * the present file. So a program that gets this file has to get no `PGPASSWORD`.
 */
export function passwordFileWith(target: Target, env: Environment = process.env): string {
  const { port, user, database, password } = target;
  const line = lineOf([hostOf(target), String(port), database, user, password]);
  const forAll = env['PGPASSWORD'];
  if (forAll) return `${line}${lineOf(['*', '*', '*', '*', forAll])}`;
  let others: string | null = null;
  try {
    others = readPasswordFile(env).text;
  } catch {
    // Others can read it, so it was of no use before either.
  }
  return `${line}${others ?? ''}`;
}

function lineOf(fields: readonly string[]): string {
  // A line that begins with # is a comment.
  return `${fields.map((field) => field.replaceAll(/[\\:]|^#/gu, String.raw`\$&`)).join(':')}\n`;
}

function hostOf({ host, socketFolder }: Target): string {
  return socketFolder !== null && USUAL_FOLDERS.has(socketFolder) ? 'localhost' : host;
}

interface PasswordFile {
  readonly path: string;
  /** `null`: as for PostgreSQL's programs, a file that is not there, or that this user cannot read, has no password. */
  readonly text: string | null;
  /** Why there is no text. */
  readonly lack: string | null;
}

function readPasswordFile(env: Environment): PasswordFile {
  const named = env['PGPASSFILE'];
  const path = named || join(homedir(), '.pgpass');
  const none = (problem: string): PasswordFile => {
    const what = named ? `PGPASSFILE names ${path}, which ${problem}.` : `The password file ${path} ${problem}.`;
    return { path, text: null, lack: what };
  };
  if (!isAbsolute(path) && !named) return none('has no folder, because HOME is empty');
  try {
    const status = statSync(path);
    if (!status.isFile()) return none('is not a file');
    // Windows has no such modes.
    if (process.geteuid !== undefined && (status.mode & OTHERS) !== 0) throw othersMayUse(path);
    return { path, text: readFileSync(path, 'utf8'), lack: null };
  } catch (error) {
    if (error instanceof OrchestratorError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    return none(code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`);
  }
}

function othersMayUse(path: string): OrchestratorError {
  return new OrchestratorError('STORE_PERMISSION', `Other users may use the password file ${path}; it was not read.`, {
    hint: 'chmod 600 on that file.',
  });
}

/** The lines are `host:port:database:user:password`; `*` stands for any, a backslash before `:` and itself. */
function passwordIn(text: string, target: Target): string | null {
  const wanted = [hostOf(target), String(target.port), target.database, target.user];
  for (const line of text.replace(/^\uFEFF/u, '').split(/\r?\n/u)) {
    if (line.startsWith('#')) continue;
    const fields = fieldsOf(line);
    const fits = wanted.every((value, at) => fields[at] === '*' || unescaped(fields[at]) === value);
    // What is behind a further colon belongs to no field.
    if (fits && fields.length > wanted.length) return unescaped(fields[wanted.length]) ?? null;
  }
  return null;
}

/** Split at the colons that have no backslash before them; still with their backslashes. */
function fieldsOf(line: string): readonly string[] {
  return line.match(/(?:^|:)(?:\\.|[^:\\])*/gu)?.map((field, at) => (at === 0 ? field : field.slice(1))) ?? [];
}

function unescaped(field: string | undefined): string | undefined {
  return field?.replaceAll(/\\(.)/gu, '$1');
}
