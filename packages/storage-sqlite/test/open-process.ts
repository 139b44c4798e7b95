import type { OpenProcess } from '@agent-orchestrator/storage-conformance/processes';
import { openSqliteStorage } from '../src/index.ts';

/** How the processes of a run open the store: as any program does, with the machine's clock. The address is its path. */
export const open: OpenProcess['open'] = (address) => openSqliteStorage({ path: address });
