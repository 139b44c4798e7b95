import { dirname } from 'node:path';
import { OrchestratorError, type Clock } from '@agent-orchestrator/core';
import { retryWhileBusy } from './busy.ts';
import { translateError } from './errors.ts';
import type { LegacyFindings, LegacyImported, LegacyProgress } from './legacy/import.ts';
import { assertWritable, BUSY_TIMEOUT_MS } from './open-sqlite-storage.ts';
import { assertLocal, inspectFile, isLegacy, isThere, openToLook, resolvePath, schemaVersionOf } from './store-file.ts';
import { systemClock } from './system-clock.ts';

export interface LegacyImportOptions {
  readonly path: string;
  /** Without it, only what would be done is found out, and nothing is written. */
  readonly apply: boolean;
  /** Whose time counts; the machine's by default. */
  readonly clock?: Clock;
  /** How long to try for a lock that another process holds before `STORE_BUSY`, in milliseconds. */
  readonly busyTimeoutMs?: number;
  readonly onProgress?: (progress: LegacyProgress) => void;
}

/** What came of an import. */
export type LegacyImportResult =
  /** It was not asked to be done. */
  | ({ readonly outcome: 'planned' } & LegacyFindings)
  | ({ readonly outcome: 'imported' } & LegacyFindings & LegacyImported)
  /** It was done before. Nothing was changed now. */
  | ({ readonly outcome: 'imported_before' } & LegacyImported);

/**
 * Makes a store of a database of the proof of concept, in its place: copies it beside itself, then, in one transaction,
 * renames the old tables, makes the store's, and brings the rows over. The old names stay as views, so that an old process
 * fails where it writes.
 *
 * @throws `STORE_NOT_LEGACY`, `STORE_NOT_FOUND`, `STORE_NOT_A_DATABASE`, `STORE_UNSUITABLE`, `STORE_BUSY` and the other
 * `STORE_` codes; then nothing was changed
 */
export async function importLegacy(options: LegacyImportOptions): Promise<LegacyImportResult> {
  const { apply, clock = systemClock, busyTimeoutMs = BUSY_TIMEOUT_MS, onProgress = () => {} } = options;
  try {
    const path = resolvePath(options.path);
    if (!isThere(path)) throw new OrchestratorError('STORE_NOT_FOUND', `There is no file at ${path}.`);
    assertLocal(dirname(path));
    const { planImport, runImport } = await import('./legacy/import.ts');
    const settings = { path, clock, busyTimeoutMs, onProgress };
    const legacy = await retryWhileBusy(busyTimeoutMs, () => isLegacy(() => inspectFile(path)));
    if (!legacy) return await importedBefore(path, busyTimeoutMs);
    if (!apply) return { outcome: 'planned', ...(await planImport(settings)) };
    assertWritable(path);
    const imported = await runImport(settings);
    return imported === null ? await importedBefore(path, busyTimeoutMs) : { outcome: 'imported', ...imported };
  } catch (error) {
    throw translateError(error);
  }
}

/** @throws `STORE_NOT_LEGACY` if the store is not from an import */
async function importedBefore(path: string, busyTimeoutMs: number): Promise<LegacyImportResult> {
  const { importOf } = await import('./legacy/import.ts');
  return retryWhileBusy(busyTimeoutMs, () => {
    const db = openToLook(path);
    try {
      const isStore = schemaVersionOf(db, path) > 0;
      const imported = isStore ? importOf(db) : null;
      if (imported !== null) return { outcome: 'imported_before', ...imported };
      const what = isStore ? 'is a store of this version already, and was never an old database' : 'is empty';
      throw new OrchestratorError('STORE_NOT_LEGACY', `${path} ${what}: there is nothing to bring over.`);
    } finally {
      db.close();
    }
  });
}
