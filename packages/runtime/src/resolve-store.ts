import { join, resolve } from 'node:path';
import { stateFolder } from './state-folder.ts';

/** Where the choice of a store came from: the caller, or the variable that decided. */
export type StoreSource = 'argument' | 'ORCHESTRATOR_STORE' | 'ORCH_DB_PATH' | 'OPENCLAW_STATE_DIR' | 'HOME';

export interface ResolvedStore {
  /** Not yet checked: `parseStoreUrl` does that. */
  readonly url: string;
  readonly from: StoreSource;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Which store is meant. The first of these decides; an empty one counts as absent:
 * the argument, `ORCHESTRATOR_STORE` (a URL), `ORCH_DB_PATH` (a path),
 * `${OPENCLAW_STATE_DIR}/data/orchestrator.db`, `${HOME}/.openclaw/data/orchestrator.db`.
 */
export function resolveStore(store?: string, env: Environment = process.env): ResolvedStore {
  if (isSet(store)) return { url: store, from: 'argument' };
  if (isSet(env['ORCHESTRATOR_STORE'])) return { url: env['ORCHESTRATOR_STORE'], from: 'ORCHESTRATOR_STORE' };
  if (isSet(env['ORCH_DB_PATH'])) return { url: fileUrl(env['ORCH_DB_PATH']), from: 'ORCH_DB_PATH' };
  if (isSet(env['OPENCLAW_STATE_DIR']))
    return { url: fileUrl(env['OPENCLAW_STATE_DIR'], FILE), from: 'OPENCLAW_STATE_DIR' };
  return { url: fileUrl(stateFolder(env), FILE), from: 'HOME' };
}

const FILE = join('data', 'orchestrator.db');

function fileUrl(path: string, inside = ''): string {
  return `sqlite:${resolve(path, inside)}`;
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
