import type { Environment } from './environment.ts';
import { resolveSettings } from './settings.ts';

/** Where the choice of a store came from: the caller, the variable that decided, or the configuration file. */
export type StoreSource = 'argument' | 'ORCHESTRATOR_STORE' | 'ORCH_DB_PATH' | 'file' | 'OPENCLAW_STATE_DIR' | 'HOME';

export interface ResolvedStore {
  /** Not yet checked: `parseStoreUrl` does that. */
  readonly url: string;
  readonly from: StoreSource;
}

/**
 * Which store is meant. The first of these decides; an empty one counts as absent:
 * the argument, `ORCHESTRATOR_STORE` (a URL), `ORCH_DB_PATH` (a path), the configuration file (see `resolveSettings`),
 * `${OPENCLAW_STATE_DIR}/data/orchestrator.db`, `${HOME}/.openclaw/data/orchestrator.db`.
 *
 * @throws `CONFIG_INVALID`
 */
export function resolveStore(store?: string, env: Environment = process.env): ResolvedStore {
  const { value, from, origin } = resolveSettings({ store }, env).store;
  return { url: value, from: from === 'argument' || from === 'file' ? from : (origin as StoreSource) };
}
