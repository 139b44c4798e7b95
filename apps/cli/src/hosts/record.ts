import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { badContent } from '../failure.ts';
import { HOST_NAMES, type HostName, type Place, type Scope, type ServerCommand } from './host.ts';
import { replaceFile, type Snapshot } from './snapshot.ts';

/** What was installed in a host, with all that is needed to take it back. Private: it has copies of files. */
export interface InstallRecord {
  readonly version: 1;
  readonly host: HostName;
  readonly scope: Scope;
  /** Where the host was asked; its files of a project are there. */
  readonly folder: string;
  /** null: the plugin. */
  readonly server: ServerCommand | null;
  readonly files: readonly RecordedFile[];
}

interface RecordedFile {
  readonly before: Snapshot;
  /** The digest of the file after the installation; null: it was interrupted. */
  readonly after: string | null;
}

/** Where the records are. */
export const recordsFolder = ({ state }: Place): string => join(state, 'installed');

/** One for each host and scope; for a project, for each folder. */
function pathOf(host: HostName, scope: Scope, folder: string, place: Place): string {
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  return join(recordsFolder(place), `${host}-${scope}${scope === 'user' ? '' : `-${digest}`}.json`);
}

export function readRecord(host: HostName, scope: Scope, place: Place): InstallRecord | null {
  const path = pathOf(host, scope, place.folder, place);
  return existsSync(path) ? parse(path) : null;
}

/** All installations of this user. */
export function readRecords(place: Place): InstallRecord[] {
  const folder = recordsFolder(place);
  if (!existsSync(folder)) return [];
  const names = namesIn(folder).filter((name) => name.endsWith('.json'));
  return names.toSorted().map((name) => parse(join(folder, name)));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw badContent(folder, 'cannot be read as a folder', error);
  }
}

/** The other installations in a host that have something in common with one: a file, or the plugin. */
export function relatedRecords({ host, scope, folder, files, server }: InstallRecord, place: Place): InstallRecord[] {
  const own = pathOf(host, scope, folder, place);
  const paths = new Set(files.map(({ before }) => before.path));
  return readRecords(place).filter(
    (other) =>
      other.host === host &&
      pathOf(host, other.scope, other.folder, place) !== own &&
      ((server === null && other.server === null) || other.files.some(({ before }) => paths.has(before.path))),
  );
}

export function writeRecord(record: InstallRecord, place: Place): void {
  const files = record.files.map(({ before: { bytes, ...before }, after }) => ({
    before: { ...before, bytes: bytes?.toString('base64') ?? null },
    after,
  }));
  replaceFile(pathOf(record.host, record.scope, record.folder, place), `${JSON.stringify({ ...record, files })}\n`);
}

export function removeRecord({ host, scope, folder }: InstallRecord, place: Place): void {
  rmSync(pathOf(host, scope, folder, place), { force: true });
}

/** As it is in the file: bytes are base64. */
type Written = Omit<InstallRecord, 'files'> & {
  readonly files: readonly {
    readonly before: Omit<Snapshot, 'bytes'> & { readonly bytes: string | null };
    readonly after: string | null;
  }[];
};

function parse(path: string): InstallRecord {
  const written = readWritten(path);
  const files = written.files.map(({ before, after }) => ({
    before: { ...before, bytes: before.bytes === null ? null : Buffer.from(before.bytes, 'base64') },
    after,
  }));
  return { ...written, files };
}

function readWritten(path: string): Written {
  try {
    const written = JSON.parse(readFileSync(path, 'utf8')) as Written;
    if (written.version === 1 && HOST_NAMES.includes(written.host) && Array.isArray(written.files)) return written;
  } catch (error) {
    throw badContent(path, 'is damaged', error);
  }
  throw badContent(path, 'is no record of this version');
}
