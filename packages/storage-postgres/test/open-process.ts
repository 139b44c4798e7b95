import type { OpenProcess } from '@agent-orchestrator/storage-conformance/processes';
import { openPostgresStorage } from '../src/index.ts';

/** How the processes of a run open the store: as any program does, with the server's clock. The address is its URL. */
export const open: OpenProcess['open'] = (address) => openPostgresStorage({ url: address });
