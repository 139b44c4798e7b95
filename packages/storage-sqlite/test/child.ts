import type { OpenInChild } from '@agent-orchestrator/storage-conformance';
import { openSqliteStorage } from '../src/index.ts';

/** Opens the store from another process; the address is its path. */
export const open: OpenInChild = (address, clock) => openSqliteStorage({ path: address, mode: 'existing', clock });
