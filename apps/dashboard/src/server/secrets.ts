import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { linkSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OrchestratorError, stateFolder } from '@agent-orchestrator/runtime';
import { makePrivateFolder, writePrivateFile } from '@agent-orchestrator/runtime/private-files';

const SECRET_BYTES = 32;
const SUFFIX_BYTES = 6;
const HINT = 'Delete the file, and start the dashboard again: it makes a new one.';
const HINT_NEW =
  'The file system keeps no permissions. Set OPENCLAW_STATE_DIR to a folder on one that does, and start again.';
/** What a file system says that has no hard links. */
const WITHOUT_LINKS = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'];
/** Permissions of others than the owner. */
const OF_OTHERS = 0o077;

/** Where the dashboards of this user keep their files. */
export function dashboardFolder(): string {
  return join(stateFolder(), 'orchestrator', 'dashboard');
}

/**
 * What this user's dashboards keep between two starts, in files that only the user can read: a secret from which names
 * and keys are made, and the token with which a monitoring system reads `/metrics`.
 */
export class Secrets {
  readonly #secret: string;
  readonly metricsToken: string;
  /** For the configuration of a monitoring system. */
  readonly metricsTokenPath: string;

  /** @throws `CONFIG_INVALID` if other users could read the files */
  constructor(folder: string = dashboardFolder()) {
    makePrivateFolder(folder);
    this.#secret = kept(join(folder, 'secret'));
    this.metricsTokenPath = join(folder, 'metrics-token');
    this.metricsToken = kept(this.metricsTokenPath);
  }

  /** A value for one purpose, which tells nothing about the secret or the values for other purposes. */
  keyFor(...purpose: readonly string[]): string {
    return createHmac('sha256', this.#secret).update(JSON.stringify(purpose)).digest('base64url');
  }
}

/** Takes the same time for each wrong text. */
export function isSame(given: string, wanted: string): boolean {
  return timingSafeEqual(digest(given), digest(wanted));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function kept(path: string): string {
  const known = read(path);
  if (known !== null) return known;
  const made = randomBytes(SECRET_BYTES).toString('base64url');
  // It gets its name when it is whole: of two that start at once, neither reads half of what the other one writes.
  const unnamed = `${path}-${randomBytes(SUFFIX_BYTES).toString('hex')}`;
  try {
    write(unnamed, made);
    linkSync(unnamed, path);
    return made;
  } catch (error) {
    if (WITHOUT_LINKS.includes(codeOf(error))) return writtenInPlace(path, made);
    return ofAnother(path, error);
  } finally {
    rmSync(unnamed, { force: true });
  }
}

/** Of two that start at once, one writes. The other one may read too early: it then says that the file is not whole. */
function writtenInPlace(path: string, made: string): string {
  try {
    write(path, made);
    return made;
  } catch (error) {
    return ofAnother(path, error);
  }
}

/** Looks at what it has written: not all file systems keep permissions. What was cut or is refused is removed. */
function write(path: string, made: string): void {
  try {
    writePrivateFile(path, made);
    read(path, HINT_NEW);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') rmSync(path, { force: true });
    throw error;
  }
}

/** What another process has written meanwhile, if that is why this one could not. */
function ofAnother(path: string, error: unknown): string {
  const other = codeOf(error) === 'EEXIST' ? read(path) : null;
  if (other === null) throw error;
  return other;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

function read(path: string, hint = HINT): string | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (process.platform !== 'win32' && (found.mode & OF_OTHERS) !== 0)
    throw new OrchestratorError('CONFIG_INVALID', `Other users can read the secret in ${path}.`, { hint });
  const text = readFileSync(path, 'utf8').trim();
  if (text.length < SECRET_BYTES)
    throw new OrchestratorError('CONFIG_INVALID', `The secret in ${path} is not whole.`, { hint: HINT });
  return text;
}
