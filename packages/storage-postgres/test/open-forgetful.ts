import { forgetful, type OpenProcess } from '@agent-orchestrator/storage-conformance/processes';
import { openPostgresStorage } from '../src/index.ts';

/** A storage with a planted fault. */
export const open: OpenProcess['open'] = async (address) => forgetful(await openPostgresStorage({ url: address }));
