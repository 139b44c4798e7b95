import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { fields, OrchestratorError } from '@agent-orchestrator/core';
import { z } from 'zod';
import { DURATION_HINT, durationMs } from '../text/duration.ts';
import { isGroupOfOneUser } from '../system/group-of-one-user.ts';
import { isSet, type Environment } from '../system/environment.ts';
import { pathOfVariable } from '../system/path.ts';
import { stateFolder } from '../system/state-folder.ts';
import { THRESHOLD_NAMES, type ThresholdName } from './threshold-names.ts';

const duration = z.string().transform((text, context) => {
  const ms = durationMs(text);
  if (ms !== null) return ms;
  context.addIssue({ code: 'custom', message: `is not a duration. ${DURATION_HINT}` });
  return z.NEVER;
});

const threshold = z.number().min(0, 'must not be negative').optional();
const thresholds = z.strictObject(
  Object.fromEntries(THRESHOLD_NAMES.map((name) => [name, threshold])) as Record<ThresholdName, typeof threshold>,
);

/** The settings that the file may have. */
const schema = z.strictObject({
  store: z.string().optional(),
  namespace: fields.name.optional(),
  agent: fields.name.optional(),
  ttl: duration.pipe(fields.ttlMs).optional(),
  stale_after: duration.pipe(fields.staleAfterMs).optional(),
  park_after: duration.optional(),
  storages: z.array(z.string().min(1, 'must hold names of packages')).optional(),
  thresholds: thresholds.optional(),
});

/** A configuration file that was found. */
export interface ConfigFile {
  readonly path: string;
  /** The values as written. The store is only checked to be a text. */
  readonly values: z.output<typeof schema>;
  /** Whether other users of the machine may read it, by its mode. */
  readonly isShared: boolean;
}

const BYTES_MAX = 65_536;

/** The path of the file, and whether `ORCHESTRATOR_CONFIG` names it. */
export function configPath(env: Environment): { readonly path: string; readonly isNamed: boolean } {
  const named = env['ORCHESTRATOR_CONFIG'];
  if (isSet(named)) return { path: pathOfVariable(named, 'ORCHESTRATOR_CONFIG', env), isNamed: true };
  return { path: join(stateFolder(env), NAME), isNamed: false };
}

const NAME = 'orchestrator.json';

/**
 * Reads the configuration file.
 *
 * @returns null if there is none at the default path
 * @throws `CONFIG_INVALID`, naming file and key; never a value, which may hold a password
 */
export function readConfigFile(env: Environment): ConfigFile | null {
  const { path, isNamed } = configPath(env);
  const file = contentOf(path);
  if (file === null) {
    if (isNamed) throw invalid(path, 'does not exist, but ORCHESTRATOR_CONFIG names it');
    return null;
  }
  const parsed = schema.safeParse(jsonOf(path, file.text));
  if (!parsed.success) throw problem(path, parsed.error.issues[0]);
  return { path, values: parsed.data, isShared: file.isShared };
}

/** null: there is no such file. */
function contentOf(path: string): { readonly text: string; readonly isShared: boolean } | null {
  let file: number;
  try {
    // Without O_NONBLOCK, opening a pipe would wait for a writer. (Windows does not have the flag; it counts as 0.)
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw invalid(path, 'cannot be read', error);
  }
  try {
    const status = fstatSync(file);
    if (!status.isFile()) throw invalid(path, 'is not a regular file');
    assertOwn(path, status);
    if (status.size > BYTES_MAX) throw invalid(path, `is larger than ${BYTES_MAX} bytes`);
    return { text: readFileSync(file, 'utf8'), isShared: mayOthers(READ, status) };
  } catch (error) {
    throw error instanceof OrchestratorError ? error : invalid(path, 'cannot be read', error);
  } finally {
    closeSync(file);
  }
}

/** The file decides where agents write, so other users must not be able to change it. */
function assertOwn(path: string, status: Stats): void {
  const user = process.getuid?.();
  if (user === undefined) return;
  const owner = status.uid;
  if (mayOthers(WRITE, status))
    throw new OrchestratorError('CONFIG_INVALID', `The configuration file ${path} can be written by others.`, {
      hint: 'Remove the write permission of other users: chmod go-w on the file.',
    });
  if (user !== 0 && owner !== 0 && owner !== user) throw invalid(path, 'belongs to another user');
}

const READ = 0o4;
const WRITE = 0o2;

/** Windows has no such modes. */
function mayOthers(what: typeof READ | typeof WRITE, { mode, uid, gid }: Stats): boolean {
  if (process.getuid === undefined) return false;
  return (mode & what) !== 0 || ((mode & (what << 3)) !== 0 && !isGroupOfOneUser(gid, uid));
}

function jsonOf(path: string, text: string): unknown {
  try {
    // Editors on Windows begin a file with a byte order mark.
    return JSON.parse(text.replace(/^\uFEFF/u, ''));
  } catch (error) {
    // The parser's own message quotes what it read, which may hold a password.
    throw invalid(path, 'is not JSON', error instanceof SyntaxError ? undefined : error);
  }
}

function problem(path: string, issue: z.core.$ZodIssue | undefined): OrchestratorError {
  if (issue?.code === 'unrecognized_keys') {
    const known = Object.keys(issue.path.length === 0 ? schema.shape : thresholds.shape).join(', ');
    const key = [...issue.path, issue.keys[0] ?? ''].join('.');
    return inFile(path, key, `is not a setting. The settings are ${known}`);
  }
  const key = issue?.path.slice(0, issue.path[0] === 'thresholds' ? 2 : 1).join('.');
  if (issue === undefined || key === undefined || key === '') return invalid(path, 'is not a JSON object');
  if (issue.code === 'too_small' && issue.path[0] === 'thresholds') return inFile(path, key, issue.message);
  if (issue.code === 'too_small') return inFile(path, key, `is shorter than ${issue.minimum} ms`);
  if (issue.code === 'too_big')
    return inFile(
      path,
      key,
      `is larger than its limit of ${issue.maximum} ${issue.origin === 'string' ? 'characters' : 'ms'}`,
    );
  if (issue.code === 'invalid_type') return inFile(path, key, `must be of type ${issue.expected}`);
  return inFile(path, key, issue.message);
}

function inFile(path: string, field: string, said: string): OrchestratorError {
  return new OrchestratorError(
    'CONFIG_INVALID',
    `In the configuration file ${path}, ${field} ${said.replace(/\.$/, '')}.`,
    {
      field,
    },
  );
}

function invalid(path: string, said: string, cause?: unknown): OrchestratorError {
  return new OrchestratorError('CONFIG_INVALID', `The configuration file ${path} ${said}.`, { cause });
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
