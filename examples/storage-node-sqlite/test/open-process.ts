import type { OpenProcess } from '@agent-orchestrator/storage-conformance/processes';
import { openNodeSqliteStorage } from 'example-storage-node-sqlite';

/** How the processes of a run open the store: as any program does, with the machine's clock. */
export const open: OpenProcess['open'] = (address) => openNodeSqliteStorage({ path: address });
