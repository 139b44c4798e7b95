import { forgetful, type OpenProcess } from '@agent-orchestrator/storage-conformance/processes';
import { openSqliteStorage } from '../src/index.ts';

/** A storage with a planted fault. */
export const open: OpenProcess['open'] = async (address) => forgetful(await openSqliteStorage({ path: address }));
